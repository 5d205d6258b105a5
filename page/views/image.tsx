// One image: its platforms, its layers, what it is run with, and what is attached to it.
import { useState } from 'preact/hooks';
import { api, type Image, type ImageNode } from '../api.ts';
import { sizeText } from '../format.ts';
import { useLoaded } from '../loaded.ts';
import { Age, CopyButton, DigestText, Facts, Title, Trail, WhenHere, WrittenFacts } from '../parts.tsx';
import { pullCommands } from '../pull-commands.ts';
import { hrefOf, imageName } from '../route.ts';
import { Attached } from './attached.tsx';
import { Layers } from './layers.tsx';

const mostTags = 20;

interface ImageProps {
  readonly name: string;
  readonly reference: string;
}

export function ImageView({ name, reference }: ImageProps) {
  const { loaded, again } = useLoaded(() => api.image(name, reference), [name, reference]);
  return (
    <>
      <Trail name={name}>
        <code>{reference}</code>
      </Trail>
      <Title>{imageName(name, reference)}</Title>
      <WhenHere loaded={loaded} again={again}>
        {(shown) => <ShownImage {...{ name, reference, shown }} />}
      </WhenHere>
    </>
  );
}

function ShownImage({ name, reference, shown }: ImageProps & { readonly shown: Image }) {
  const { image, tags, moreTags } = shown;
  const platforms = image.manifests;
  const [at, setAt] = useState(0);
  const chosen = platforms[at] ?? image;
  return (
    <>
      <Facts
        facts={[
          ['Digest', <code class="whole">{image.digest}</code>],
          ['Type', typeOf(image)],
          ['Size', sizeText(image.contentSize)],
          ...(image.created === undefined ? [] : [['Created', <Age time={image.created} />] as const]),
          ...(tags.length === 0 ? [] : [['Tags', <TagLinks {...{ name, tags, moreTags, reference }} />] as const]),
          ...(image.omitted === 0 ? [] : [['Left out', `${image.omitted} more are attached to it`] as const]),
        ]}
      />
      <Pull name={name} reference={reference} configType={image.config?.mediaType} />
      {platforms.length > 0 && (
        <>
          <h2 id="platforms">Platforms</h2>
          <fieldset class="choices" aria-labelledby="platforms">
            {platforms.map((each, index) => (
              <button type="button" key={each.digest} aria-pressed={index === at} onClick={() => setAt(index)}>
                {each.platform ?? each.artifactType ?? 'unknown'} <small>{sizeText(each.contentSize)}</small>
              </button>
            ))}
          </fieldset>
          <p>
            <DigestText digest={chosen.digest} name={name} />
          </p>
        </>
      )}
      {chosen.problem === undefined ? <Layers name={name} image={chosen} /> : <Problem node={chosen} />}
      <Annotations image={image} />
      <Attached name={name} above={chosen === image ? [image] : [image, chosen]} />
    </>
  );
}

/** Of an artifact what it is, of an image what its manifest is: the type of its config says nothing more. */
function typeOf({ artifactType, mediaType, config }: ImageNode): string {
  return artifactType === undefined || artifactType === config?.mediaType ? mediaType : artifactType;
}

function Problem({ node }: { readonly node: ImageNode }) {
  return <p class="problem">This manifest is {node.problem === 'missing' ? 'not here' : node.problem}.</p>;
}

interface TagLinksProps extends ImageProps {
  readonly tags: readonly string[];
  readonly moreTags: number;
}

function TagLinks({ name, tags, moreTags, reference }: TagLinksProps) {
  const shown = tags.slice(0, mostTags);
  const left = tags.length - shown.length + moreTags;
  return (
    <>
      {shown.map((tag) => (
        <a
          key={tag}
          class="tag"
          href={hrefOf({ view: 'image', name, reference: tag })}
          aria-current={tag === reference ? 'page' : undefined}
        >
          {tag}
        </a>
      ))}
      {left > 0 && ` and ${left.toLocaleString('en')} more`}
    </>
  );
}

function Pull({ name, reference, configType }: ImageProps & { readonly configType: string | undefined }) {
  const from = { host: location.host, isPlainHttp: location.protocol === 'http:' };
  const commands = pullCommands(name, reference, from, configType);
  return (
    <details class="pull" open>
      <summary>Pull</summary>
      <ul>
        {commands.map(({ client, command }) => (
          <li key={client}>
            <code>{command}</code> <CopyButton text={command} label={`the command of ${client}`} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function Annotations({ image }: { readonly image: ImageNode }) {
  if (Object.keys(image.annotations).length === 0) return null;
  return (
    <>
      <h2>Annotations</h2>
      <WrittenFacts written={image.annotations} />
    </>
  );
}
