// The files of two images that differ, and of what nobody can tell.
import { useState } from 'preact/hooks';
import { api, type Compared, type Comparison } from '../api.ts';
import { countText, shortDigest, sizeText } from '../format.ts';
import { useLoaded } from '../loaded.ts';
import { WhenHere } from '../parts.tsx';
import { type Column, Table } from '../table.tsx';

type Files = NonNullable<Comparison['files']>;
type Difference = Files['differences'][number];
type Change = Difference['change'];

const columns: readonly Column[] = [
  { name: 'Change' },
  { name: 'Path' },
  { name: 'Size', isNumber: true },
  { name: 'Mode', isNumber: true },
];
const changes: readonly Change[] = ['added', 'removed', 'changed'];
const cuts: Readonly<Record<NonNullable<Files['cut']>, string>> = {
  entries: 'there are too many files',
  bytes: 'they unpack to too much',
  names: 'their names are too long',
  paths: 'they lie in too many directories',
  time: 'it took too long',
};
const shownAtOnce = 200;

/** What was asked for is asked anew where it changes: a view of its own for each. */
export function ComparedFiles({ compared }: { readonly compared: Compared }) {
  const { loaded, again } = useLoaded(async () => (await api.compare(compared, true)).files, []);
  return (
    <>
      <h2>Files</h2>
      <WhenHere loaded={loaded} again={again}>
        {(files) => files !== undefined && <Found files={files} />}
      </WhenHere>
    </>
  );
}

function Found({ files }: { readonly files: Files }) {
  const [only, setOnly] = useState<Change>();
  const [most, setMost] = useState(shownAtOnce);
  const { differences, omitted } = files;
  const meant = differences.filter(({ change }) => only === undefined || change === only);
  const isUncertain = differences.some(({ maybe }) => maybe);
  return (
    <>
      <Unread files={files} />
      <fieldset class="choices">
        <legend class="hidden">Which files are shown</legend>
        {changes.map((change) => (
          <button
            type="button"
            key={change}
            aria-pressed={only === change}
            onClick={() => setOnly(only === change ? undefined : change)}
          >
            {files[change].toLocaleString('en')} {change}
          </button>
        ))}
      </fieldset>
      {isUncertain && (
        <p class="type">
          ? Layers that were not read may hold it as well: what is added may be changed, and what is removed may be
          there still, as it was below.
        </p>
      )}
      {meant.length > 0 && (
        <Table label="Files" columns={columns}>
          {meant.slice(0, most).map((difference, index) => (
            <FileRow key={index} difference={difference} />
          ))}
        </Table>
      )}
      {meant.length > most && (
        <button type="button" onClick={() => setMost(most + shownAtOnce)}>
          More
        </button>
      )}
      {omitted > 0 && <p>{countText(omitted, 'more file differs', 'more files differ')}; not listed here.</p>}
    </>
  );
}

function FileRow({ difference: { path, change, maybe, from, to } }: { readonly difference: Difference }) {
  const file = to ?? from;
  return (
    <tr>
      <td class={change}>
        {change}
        {maybe && '?'}
      </td>
      <th scope="row" class="command">
        {path}
        {file !== undefined && file.type !== 'file' && <small> {file.type}</small>}
        {file?.target !== undefined && <small> → {file.target}</small>}
      </th>
      <td class="number">{both(from && sizeText(from.size), to && sizeText(to.size))}</td>
      <td class="number">{both(from?.mode, to?.mode)}</td>
    </tr>
  );
}

/** One of them where they are the same. */
function both(from: string | undefined, to: string | undefined): string {
  if (from === undefined || to === undefined || from === to) return to ?? from ?? '';
  return `${from} → ${to}`;
}

function Unread({ files: { commonLayers, unread, cut, read } }: { readonly files: Files }) {
  return (
    <>
      {commonLayers > 0 && (
        <p>
          {countText(commonLayers, 'layer')} at the bottom of both {commonLayers === 1 ? 'is' : 'are'} the same, and not
          read.
        </p>
      )}
      {cut !== undefined && (
        <p class="problem">Not all layers were read, since {cuts[cut]}: what is said here is of those that were.</p>
      )}
      {unread.map(({ side, digest, why }) => (
        <p key={`${side} ${digest}`} class="problem">
          Layer {shortDigest(digest)} of the {side === 'from' ? 'first' : 'second'} one was not read: {why}.
        </p>
      ))}
      {read.unusable > 0 && (
        <p class="problem">{countText(read.unusable, 'name')} in the layers lead nowhere, and were left out.</p>
      )}
    </>
  );
}
