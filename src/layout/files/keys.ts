// The only file that spells the names of an image layout (image-spec, image-layout.md) and of our own files beside it.
//
//   <prefix>/oci-layout  index.json  blobs/<algorithm>/<encoded>     one repository = one layout
//   .moorage/pool/<algorithm>/<encoded>                              one link per distinct blob of the root
//   .moorage/cache/<prefix>/.facts                                   derived facts about its manifests, to parse nothing twice
//   .moorage/cache/.blobs                                            which blob files hold what their names say, to hash nothing twice
//   .moorage/quarantine/<algorithm>/<encoded>.<n>                    damaged files that nobody had a good copy of, each with a note
//   .moorage/scrub/state  claim                                      where the scrub was, and which process scrubs
//   .moorage/journal/<prefix>/.journal                               what we acknowledged, to tell a foreign delete from a lost update
//   .moorage/times/<prefix>/.times                                   when its tags were pulled, and pushed without a change
//   .moorage/history/<prefix>/.history                               each move of each of its tags
//   .moorage/history/<prefix>/.manifests/<algorithm>/<encoded>       what was deleted and can be put back
//   .moorage/upload-key                                              what the ids of upload sessions are known by
//   .moorage/leases/<prefix>/.leases                                 what clients were told lately to be there
//   .moorage/gc/clock  state  claim                                  what collections remember, and which process collects
//   .moorage/events/<endpoint>/waiting/<name>  dead/<name>           what is still to be told to an endpoint, and what could not be
//   .moorage/events/.claim                                           which process tells it
//   .moorage/trash/<prefix>/blobs/<algorithm>/<encoded>  index.json  what a collection is about to delete
//
// `.moorage/id`, `.moorage/reserve`, `.moorage/uploads` and `.moorage/staging` belong to the storage driver, `.moorage/keys` and
// `.moorage/tokens` to those who say who there is (auth/tokens, auth/robots).

import { algorithmOf, type Digest, type DigestAlgorithm, encodedOf, isDigest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Key } from '../../storage/object-store.ts';
import { ownDirectory } from '../../storage/own-names.ts';

/** Where a layout lies below the root of its store: a repository name, or '' when the root itself is the layout. */
export type LayoutPrefix = RepositoryName | '';

export interface LayoutKeys {
  readonly directory: Key;
  readonly ociLayout: Key;
  readonly index: Key;
  readonly journal: Key;
  readonly history: Key;
  readonly tagTimes: Key;
  /** A manifest that was deleted and can be put back: served under no name. */
  readonly keptManifest: (digest: Digest) => Key;
  /** The directory of those of one algorithm. */
  readonly keptManifests: (algorithm: DigestAlgorithm) => Key;
  readonly leases: Key;
  /** The one before, whose leases may hold as yet. */
  readonly leasesBefore: Key;
  /** Lock files of BuildKit, linuxkit and podman: we wait for them and never make them. */
  readonly foreignLocks: readonly Key[];
  /** A file beside index.json, as a listing names it. */
  readonly inDirectory: (name: string) => Key;
  readonly blob: (digest: Digest) => Key;
  /** The directory of the blobs of one algorithm. */
  readonly blobs: (algorithm: DigestAlgorithm) => Key;
  /** Where a blob lies between the moment in which a collection takes it out of the layout and that in which it is deleted. */
  readonly trashed: (digest: Digest) => Key;
  readonly trash: (algorithm: DigestAlgorithm) => Key;
  /** Where the index.json of a repository that is about to go lies for a moment. */
  readonly trashedIndex: Key;
}

/** What collections of a root remember. */
export const collectionKeys = {
  /** How far the clock was set, by what was seen of it. */
  clock: `${ownDirectory}/gc/clock` as Key,
  /** Written to be told the time of the file system. */
  now: `${ownDirectory}/gc/now` as Key,
  state: `${ownDirectory}/gc/state` as Key,
  claim: `${ownDirectory}/gc/claim` as Key,
} as const;

/** What waits to be told to an endpoint; a name of one cannot begin with a dot, or hold a slash. */
export const eventKeys = {
  root: `${ownDirectory}/events` as Key,
  claim: `${ownDirectory}/events/.claim` as Key,
  waiting: (endpoint: string) => `${ownDirectory}/events/${endpoint}/waiting` as Key,
  dead: (endpoint: string) => `${ownDirectory}/events/${endpoint}/dead` as Key,
} as const;

export const leasesDirectory = `${ownDirectory}/leases` as Key;

/** Where things about repositories lie that are worth nothing once the repository is gone, each below the repository's prefix. */
export const recordDirectories: readonly Key[] = ['cache', 'journal', 'leases', 'times', 'trash'].map(
  (name) => `${ownDirectory}/${name}` as Key,
);

/** What tags meant, and manifests that can be put back: each below the repository's prefix as well. */
export const historyDirectory = `${ownDirectory}/history` as Key;

/** Below a repository's prefix there. */
export const keptManifestsName = '.manifests';
export const historyFileName = '.history';

/** What crashes of collections left lies below it, by prefix. */
export const trashDirectory = `${ownDirectory}/trash` as Key;

/** The bytes of every `oci-layout` we write; readers refuse any other version. */
export const ociLayoutBytes = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

export function layoutKeys(prefix: LayoutPrefix): LayoutKeys {
  const base = prefix === '' ? '' : `${prefix}/`;
  const history = `${historyDirectory}/${base}`;
  return {
    directory: prefix as string as Key,
    ociLayout: `${base}oci-layout` as Key,
    index: `${base}index.json` as Key,
    // A name's component cannot start with a dot, so none of these meets what is kept of a nested repository.
    journal: `${ownDirectory}/journal/${base}.journal` as Key,
    history: `${history}${historyFileName}` as Key,
    tagTimes: `${ownDirectory}/times/${base}.times` as Key,
    keptManifest: (digest) => `${history}${keptManifestsName}/${algorithmOf(digest)}/${encodedOf(digest)}` as Key,
    keptManifests: (algorithm) => `${history}${keptManifestsName}/${algorithm}` as Key,
    leases: `${leasesDirectory}/${base}.leases` as Key,
    leasesBefore: `${leasesDirectory}/${base}.leases-before` as Key,
    foreignLocks: ['index.json.lock', '.lock', 'index.lock'].map((name) => `${base}${name}` as Key),
    inDirectory: (name) => `${base}${name}` as Key,
    blob: (digest) => `${base}blobs/${algorithmOf(digest)}/${encodedOf(digest)}` as Key,
    blobs: (algorithm) => `${base}blobs/${algorithm}` as Key,
    trashed: (digest) => `${trashDirectory}/${base}blobs/${algorithmOf(digest)}/${encodedOf(digest)}` as Key,
    trash: (algorithm) => `${trashDirectory}/${base}blobs/${algorithm}` as Key,
    trashedIndex: `${trashDirectory}/${base}index.json` as Key,
  };
}

/** The digest that a blob of some layout is named by; undefined for the key of anything else. */
export function digestOfBlobKey(key: Key): Digest | undefined {
  const [encoded, algorithm, blobs] = key.split('/').reverse();
  const digest = `${algorithm}:${encoded}`;
  return blobs === 'blobs' && isDigest(digest) ? digest : undefined;
}

/** The layout that a blob belongs to. */
export function prefixOfBlobKey(key: Key): LayoutPrefix {
  return key.split('/').slice(0, -3).join('/') as LayoutPrefix;
}

/** Below a directory that several layouts have their blobs in. */
export function sharedBlobKey(digest: Digest): Key {
  return `${algorithmOf(digest)}/${encodedOf(digest)}` as Key;
}

export function poolKey(digest: Digest): Key {
  return `${ownDirectory}/pool/${algorithmOf(digest)}/${encodedOf(digest)}` as Key;
}

export const poolRoot = `${ownDirectory}/pool` as Key;

/** Where the pool's files of one algorithm lie. */
export function poolDirectory(algorithm: DigestAlgorithm): Key {
  return `${poolRoot}/${algorithm}` as Key;
}

/** What the ids of upload sessions are known by: 32 random bytes, for our eyes only. */
export const uploadSecretKey = `${ownDirectory}/upload-key` as Key;

/** Damaged files that nobody had a good copy of. */
export const quarantineDirectory = `${ownDirectory}/quarantine` as Key;

/** `count` tells files of one digest apart; what is known of one lies beside it. */
export function quarantineKey(digest: Digest, count: number): Key {
  return `${quarantineDirectory}/${algorithmOf(digest)}/${encodedOf(digest)}.${count}` as Key;
}

export function quarantineNoteKey(digest: Digest, count: number): Key {
  return `${quarantineKey(digest, count)}.json` as Key;
}

/** Directories of derived facts about manifests and blobs: within the root they belong to, or in a place that many roots share. */
export const ownFactsDirectory = `${ownDirectory}/cache` as Key;

/** `scope` tells roots apart: letters and digits. */
export function sharedFactsDirectory(scope: string): Key {
  return `facts/${scope}` as Key;
}

export function factsKey(directory: Key, prefix: LayoutPrefix): Key {
  return (prefix === '' ? `${directory}/.facts` : `${directory}/${prefix}/.facts`) as Key;
}

/** A name's component cannot start with a dot, so it never meets the facts of a layout. */
export function ledgerKey(directory: Key): Key {
  return `${directory}/.blobs` as Key;
}

/** What the scrub of a root remembers, and which process scrubs; `directory` is where facts about its blobs are kept. */
export function scrubKeys(directory: Key): { readonly state: Key; readonly claim: Key } {
  const own = directory === ownFactsDirectory ? `${ownDirectory}/scrub` : `${directory}/.scrub`;
  return { state: `${own}/state` as Key, claim: `${own}/claim` as Key };
}

export const rootPrefix = '' as Key;

/** The prefix of a directory below another, while looking for layouts. */
export function childPrefix(prefix: Key, name: string): Key {
  return (prefix === '' ? name : `${prefix}/${name}`) as Key;
}

export const indexFileName = 'index.json';

/** Directories of a layout, and of the tools that write layouts, in which no repository lies. */
export function mayHoldRepositories(directory: string): boolean {
  return directory !== 'blobs' && directory !== 'ingest' && !directory.startsWith('.') && !directory.startsWith('_');
}

/** Locks and temporary files of tools that write to a layout right now: BuildKit, regctl, skopeo, umoci. */
export function isForeignWork(name: string): boolean {
  return (
    name === 'index.json.lock' ||
    name.startsWith('oci-put-blob') ||
    name.startsWith('.umoci-') ||
    /^index\.json\..*tmp$/.test(name)
  );
}

/** Files and directories that tools keep in a layout beside those of the specification: no repository may be called so there. */
export function isReservedBelowLayout(name: string): boolean {
  return name === 'ingest' || name === 'manifest.json' || name === 'repositories' || name.endsWith('.lock');
}
