// Two images side by side: what differs in what they say, in their layers and in their files.
import { api, type Compared, type Comparison } from '../api.ts';
import { countText, shortDigest, sizeText } from '../format.ts';
import { useLoaded } from '../loaded.ts';
import { DigestText, Facts, Title, Trail, WhenHere } from '../parts.tsx';
import { hrefOf, imageName } from '../route.ts';
import { type Column, Table } from '../table.tsx';
import { ComparedFiles } from './compared-files.tsx';

const valueColumns: readonly Column[] = [{ name: 'What' }, { name: 'From' }, { name: 'To' }];
const layerColumns: readonly Column[] = [
  { name: 'Change' },
  { name: 'Size', isNumber: true },
  { name: 'Made by' },
  { name: 'Digest' },
];
const attachedColumns: readonly Column[] = [
  { name: 'Type' },
  { name: 'From', isNumber: true },
  { name: 'To', isNumber: true },
];

export function CompareView({ compared }: { readonly compared: Compared }) {
  const { name, from, to, toRepository = name, platform } = compared;
  const about = [name, from, to, toRepository, platform];
  // What manifests say is here at once; files may take half a minute.
  const { loaded, again } = useLoaded(() => api.compare(compared, false), about);
  return (
    <>
      <Trail name={name}>Compare</Trail>
      <Title>
        {imageName(name, short(from))} and {toRepository === name ? short(to) : imageName(toRepository, short(to))}
      </Title>
      <WhenHere loaded={loaded} again={again}>
        {(comparison) => (
          <>
            <Sides compared={compared} comparison={comparison} />
            <Values title="Config" values={comparison.config} />
            <Values title="Environment" values={comparison.environment} />
            <Values title="Labels" values={comparison.labels} />
            <Values title="Annotations" values={comparison.annotations} />
            <LayerChanges layers={comparison.layers} />
            <Attached attached={comparison.attached} />
            <ComparedFiles key={about.join(' ')} compared={compared} />
          </>
        )}
      </WhenHere>
    </>
  );
}

/** A digest by its first digits. */
function short(reference: string): string {
  return reference.includes(':') ? shortDigest(reference) : reference;
}

interface SidesProps {
  readonly compared: Compared;
  readonly comparison: Comparison;
}

function Sides({ compared, comparison: { from, to } }: SidesProps) {
  const { name, toRepository = name, platform } = compared;
  const platforms = [...new Set([...from.platforms, ...to.platforms])];
  const problems = [from, to].flatMap(({ configProblem }, at) =>
    configProblem === undefined ? [] : [`Of the ${at === 0 ? 'first' : 'second'} one ${configProblem}.`],
  );
  const other = { name: toRepository, from: compared.to, to: compared.from, toRepository: name, platform };
  return (
    <>
      <Facts
        facts={[
          ['From', <DigestText digest={from.imageDigest} name={name} />],
          ['To', <DigestText digest={to.imageDigest} name={toRepository} />],
          ['Size', `${sizeText(from.contentSize)} → ${sizeText(to.contentSize)}`],
        ]}
      />
      <p>
        <a href={hrefOf({ view: 'compare', ...other })}>The other way round</a>
      </p>
      {problems.map((problem) => (
        <p key={problem} class="problem">
          {problem}
        </p>
      ))}
      {platforms.length > 0 && (
        <nav aria-label="Platforms" class="choices">
          {platforms.map((each) => (
            <a
              key={each}
              href={hrefOf({ view: 'compare', ...compared, platform: each })}
              aria-current={each === (platform ?? from.platform) ? 'page' : undefined}
            >
              {each}
            </a>
          ))}
        </nav>
      )}
    </>
  );
}

interface ValuesProps {
  readonly title: string;
  readonly values: Comparison['config'];
}

function Values({ title, values: { differences, omitted, same } }: ValuesProps) {
  if (differences.length === 0 && same === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      {differences.length === 0 ? (
        <p>The same.</p>
      ) : (
        <Table label={title} columns={valueColumns}>
          {differences.map(({ name, from, to }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="command">{from === undefined ? <small>nothing</small> : <del>{from}</del>}</td>
              <td class="command">{to === undefined ? <small>nothing</small> : <ins>{to}</ins>}</td>
            </tr>
          ))}
        </Table>
      )}
      {omitted > 0 && <p>{countText(omitted, 'more differs', 'more differ')}.</p>}
    </>
  );
}

const states = { same: 'in both', removed: 'removed', added: 'added' } as const;

function LayerChanges({ layers }: Pick<Comparison, 'layers'>) {
  const { list, omitted, sameBytes, removedBytes, addedBytes } = layers;
  if (list.length === 0) return null;
  return (
    <>
      <h2>Layers</h2>
      <p>
        {sizeText(sameBytes)} are in both, {sizeText(removedBytes)} removed, {sizeText(addedBytes)} added.
      </p>
      <Table label="Layers" columns={layerColumns}>
        {list.map(({ state, digest, size, command, mediaType }, index) => (
          <tr key={`${index} ${digest}`}>
            <td class={state}>{states[state]}</td>
            <td class="number">{sizeText(size)}</td>
            <td class="command">{command || <span class="type">{mediaType}</span>}</td>
            <td>
              <DigestText digest={digest} />
            </td>
          </tr>
        ))}
      </Table>
      {omitted > 0 && <p>{countText(omitted, 'more layer')} not shown.</p>}
    </>
  );
}

function Attached({ attached }: Pick<Comparison, 'attached'>) {
  if (attached.length === 0) return null;
  return (
    <>
      <h2>Attached</h2>
      <Table label="Attached" columns={attachedColumns}>
        {attached.map(({ artifactType, from, to }) => (
          <tr key={artifactType}>
            <th scope="row">{artifactType}</th>
            <td class="number">{from}</td>
            <td class="number">{to}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}
