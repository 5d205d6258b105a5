// What is attached to an image: signatures, lists of packages, attestations, by whichever convention a tool used, and what is attached to those.
import type { ImageNode } from '../api.ts';
import { countText, sizeText } from '../format.ts';
import { Age, DigestText } from '../parts.tsx';
import { OpenContent } from './open-content.tsx';

interface AttachedProps {
  readonly name: string;
  /** An index, and the platform of it that is looked at. */
  readonly above: readonly ImageNode[];
}

export function Attached({ name, above }: AttachedProps) {
  const all = above.flatMap(({ referrers, attestations, cosign }) => [...referrers, ...attestations, ...cosign]);
  return (
    <>
      <h2>Attached</h2>
      {all.length === 0 ? (
        <p>Nothing: no signature, no list of packages, no attestation.</p>
      ) : (
        <Tree name={name} nodes={all} />
      )}
    </>
  );
}

const kinds: Readonly<Record<ImageNode['kind'], string>> = {
  index: 'index',
  image: 'image',
  referrer: 'referrer',
  attestation: 'attestation of BuildKit',
  cosign: 'by cosign, under a tag',
};

/** Nobody attaches more. */
const mostShown = 100;

function Tree({ name, nodes }: { readonly name: string; readonly nodes: readonly ImageNode[] }) {
  return (
    <ul class="tree">
      {nodes.map((node) => (
        <li key={`${node.kind} ${node.digest}`}>
          <strong>{node.artifactType ?? node.mediaType}</strong> <DigestText digest={node.digest} name={name} />{' '}
          <small>
            {kinds[node.kind]}
            {node.tag === undefined ? '' : ` ${node.tag}`}, {sizeText(node.contentSize)} <Age time={node.created} />
          </small>
          {node.problem !== undefined && <span class="problem"> {node.problem}</span>}
          {node.layers.slice(0, mostShown).map(({ digest, size, mediaType, annotations }, index) => (
            <div key={`${index} ${digest}`} class="part">
              <span class="type">{predicateOf(annotations) ?? mediaType}</span>
              <OpenContent name={name} blob={{ digest, size, mediaType }} />
            </div>
          ))}
          {node.layers.length > mostShown && <p>{countText(node.layers.length - mostShown, 'more part')} not shown.</p>}
          <Below name={name} node={node} />
        </li>
      ))}
    </ul>
  );
}

function Below({ name, node }: { readonly name: string; readonly node: ImageNode }) {
  const below = [...node.manifests, ...node.referrers, ...node.attestations, ...node.cosign];
  return below.length === 0 ? null : <Tree name={name} nodes={below} />;
}

/** BuildKit and cosign say so of each layer (in-toto). */
function predicateOf(annotations: unknown): string | undefined {
  const known = annotations as Readonly<Record<string, unknown>> | undefined;
  const predicate = known?.['in-toto.io/predicate-type'] ?? known?.predicateType;
  return typeof predicate === 'string' ? predicate : undefined;
}
