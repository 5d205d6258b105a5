// An entry of index.json as the healing rules see it: an identity, and the raw line to write it back. Order and formatting do not count.
import type { Brand } from '../../oci/brand.ts';

/** What makes two entries the same entry; two lines with one key are the same entry printed differently. */
export type EntryKey = Brand<string, 'EntryKey'>;

export interface IndexedEntry {
  readonly key: EntryKey;
  readonly digest: string;
  /** The entry's JSON on one line, as it stands in the file. */
  readonly line: string;
}

/** The digest, and the annotations of these names (oci/annotations.ts). */
export interface EntryIdentity {
  readonly digest: string;
  readonly refName: string | undefined;
  readonly containerdSubject: string | undefined;
  readonly olaregSubject: string | undefined;
  /** Two images of one `docker save` may share a tag. What stands for it (fullNameIn in entry-name.ts) counts as well. */
  readonly imageName: string | undefined;
}

/** What changes one set of entries into another: `removed` first, then `added`. */
export interface Delta {
  readonly added: readonly IndexedEntry[];
  readonly removed: readonly EntryKey[];
}

export const noDelta: Delta = { added: [], removed: [] };

export function isEmptyDelta(delta: Delta): boolean {
  return delta.added.length === 0 && delta.removed.length === 0;
}

const reserved = /[\\\n]/;

function escaped(part: string): string {
  return reserved.test(part) ? part.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') : part;
}

function unescaped(part: string): string {
  return part.includes('\\') ? part.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)) : part;
}

function present(part: string | undefined): string {
  return part === undefined ? '' : `=${escaped(part)}`;
}

/** The digest, then one line for each of the four annotations, `=` before what is there; empty lines at the end are left out. */
export function entryKeyOf(identity: EntryIdentity): EntryKey {
  const { digest, refName, containerdSubject, olaregSubject, imageName } = identity;
  const names = [refName, containerdSubject, olaregSubject, imageName];
  while (names.length > 0 && names.at(-1) === undefined) names.pop();
  let key = escaped(digest);
  for (const name of names) key += `\n${present(name)}`;
  return key as EntryKey;
}

/** What the healing rules need of a parsed entry. */
export function indexedEntryOf({ key, line }: { readonly key: EntryKey; readonly line: string }): IndexedEntry {
  return { key, digest: digestOfKey(key), line };
}

export function identityOf(key: EntryKey): EntryIdentity {
  const [digest = '', ...names] = key.split('\n');
  const [refName, containerdSubject, olaregSubject, imageName] = [0, 1, 2, 3].map((at) => {
    const part = names[at];
    return part === undefined || part === '' ? undefined : unescaped(part.slice(1));
  });
  return { digest: unescaped(digest), refName, containerdSubject, olaregSubject, imageName };
}

export function digestOfKey(key: EntryKey): string {
  const end = key.indexOf('\n');
  return unescaped(end < 0 ? key : key.slice(0, end));
}

/** True when the entry has a ref.name, or an image name. Splits nothing for the entries of most layouts: asked for every entry. */
export function isNamed(key: EntryKey): boolean {
  const end = key.indexOf('\n');
  return end >= 0 && (key.startsWith('=', end + 1) || identityOf(key).imageName !== undefined);
}

/** What two entries cannot both be called: the ref.name together with the image name. Undefined for an entry without a name. */
export function nameOfKey(key: EntryKey): string | undefined {
  const end = key.indexOf('\n');
  // Only a ref.name: most entries of most layouts.
  if (end >= 0 && key.startsWith('=', end + 1) && !key.includes('\n', end + 1)) return unescaped(key.slice(end + 2));
  if (!isNamed(key)) return undefined;
  const { refName = '', imageName } = identityOf(key);
  return imageName === undefined ? refName : `${refName}\n${imageName}`;
}
