// How other tools edit the entries of an index.json that they read a while ago (docs/layouts.md#who-writes-how): pure models, one per tool.

import { type IndexedEntry, identityOf, indexedEntryOf, isNamed, nameOfKey } from '../../src/layout/index/entry-key.ts';
import { type IndexEntry, newIndexEntry, parseIndexEntry } from '../../src/layout/index/index-entry.ts';
import { untagged } from '../../src/layout/index/untagged-entry.ts';
import { annotationKeys } from '../../src/oci/annotations.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';

export type Entries = readonly IndexedEntry[];

/** What one command of a tool does to the list it read. */
export interface ForeignEdit {
  readonly name: string;
  readonly arrived: 'rename' | 'in-place';
  readonly edit: (read: Entries) => Entries;
}

export function digestNamed(name: string): Digest {
  return digestOf(Buffer.from(name));
}

const created = '2026-11-01T10:00:00Z';

/** An entry as a tool writes it: named, or a referrer, or neither. */
export function entry(
  content: string,
  names: { tag?: string; subject?: string; responseFor?: string } = {},
): IndexedEntry {
  const { tag, subject, responseFor } = names;
  return indexedEntryOf(
    newIndexEntry({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: digestNamed(content),
      size: 400 + content.length,
      artifactType: undefined,
      annotations: {
        [annotationKeys.refName]: tag,
        [annotationKeys.containerdSubject]: subject === undefined ? undefined : digestNamed(subject),
        [annotationKeys.olaregSubject]: responseFor === undefined ? undefined : digestNamed(responseFor),
        [annotationKeys.created]: created,
      },
    }),
  );
}

export function parsed(each: IndexedEntry): IndexEntry {
  return parseIndexEntry(each.line);
}

const without = (read: Entries, test: (each: IndexedEntry) => boolean): Entries => read.filter((each) => !test(each));
const tagged = (tag: string) => (each: IndexedEntry) => nameOfKey(each.key) === tag;
const ofDigest = (content: string) => (each: IndexedEntry) => each.digest === digestNamed(content);
const untaggedOnes = (each: IndexedEntry) => !isNamed(each.key);
const stripped = (each: IndexedEntry): IndexedEntry => untagged(each, 0);

/** oras rewrites everything: any order, no duplicates, unknown fields gone, an untagged entry merged into a tagged one of its digest. */
function orasSaved(list: Entries): Entries {
  const byKey = new Map(list.map((each) => [each.key, each]));
  const named = new Set([...byKey.values()].filter((each) => isNamed(each.key)).map((each) => each.digest));
  const kept = [...byKey.values()].filter((each) => isNamed(each.key) || !named.has(each.digest));
  return kept.map(withoutUnknownFields).reverse();
}

function withoutUnknownFields(each: IndexedEntry): IndexedEntry {
  const { mediaType, digest, size, annotations } = JSON.parse(each.line) as Record<string, unknown>;
  return { ...each, line: JSON.stringify({ annotations, digest, size, mediaType }) };
}

export const tools = {
  /** Takes the name off its previous holder; a new entry takes the place of an untagged one of its digest. */
  skopeoCopy: (content: string, tag: string): ForeignEdit => ({
    name: `skopeo copy ${content} :${tag}`,
    arrived: 'in-place',
    edit: (read) => [
      ...without(read, (each) => ofDigest(content)(each) && (untaggedOnes(each) || tagged(tag)(each))).map((each) =>
        tagged(tag)(each) ? stripped(each) : each,
      ),
      entry(content, { tag }),
    ],
  }),
  skopeoDelete: (tag: string): ForeignEdit => ({
    name: `skopeo delete :${tag}`,
    arrived: 'in-place',
    edit: (read) => without(read, tagged(tag)),
  }),
  orasPush: (content: string, tag: string): ForeignEdit => ({
    name: `oras push ${content} :${tag}`,
    arrived: 'in-place',
    edit: (read) =>
      orasSaved([...read.map((each) => (tagged(tag)(each) ? stripped(each) : each)), entry(content, { tag })]),
  }),
  orasAttach: (content: string): ForeignEdit => ({
    name: `oras attach ${content}`,
    arrived: 'in-place',
    edit: (read) => orasSaved([...read, entry(content)]),
  }),
  orasDelete: (content: string): ForeignEdit => ({
    name: `oras manifest delete ${content}`,
    arrived: 'in-place',
    edit: (read) => orasSaved(without(read, ofDigest(content))),
  }),
  /** Replaces: what held the name is gone, and its blobs are collected. */
  regctlPut: (content: string, tag: string): ForeignEdit => ({
    name: `regctl put ${content} :${tag}`,
    arrived: 'rename',
    edit: (read) => [...without(read, tagged(tag)), entry(content, { tag })],
  }),
  regctlTagDelete: (tag: string): ForeignEdit => ({
    name: `regctl tag delete :${tag}`,
    arrived: 'rename',
    edit: (read) => without(read, tagged(tag)),
  }),
  /** Appends, whatever is there. */
  craneAppend: (content: string, tag: string | undefined): ForeignEdit => ({
    name: `crane append ${content} :${tag}`,
    arrived: 'in-place',
    edit: (read) => [...read, entry(content, tag === undefined ? {} : { tag })],
  }),
  buildkitAppend: (content: string): ForeignEdit => ({
    name: `BuildKit export ${content}`,
    arrived: 'in-place',
    edit: (read) => [...read, entry(content, { tag: 'latest' })],
  }),
  umociTag: (content: string, tag: string): ForeignEdit => ({
    name: `umoci tag ${content} :${tag}`,
    arrived: 'rename',
    edit: (read) => [...without(read, tagged(tag)), entry(content, { tag })],
  }),
  /** The response of a subject, and no entry for children and referrers that carry nothing but a time. */
  olaregAttach: (response: string, subject: string): ForeignEdit => ({
    name: `olareg attach to ${subject}`,
    arrived: 'rename',
    edit: (read) => [
      ...without(read, (each) => identityOf(each.key).olaregSubject === digestNamed(subject)),
      entry(response, { responseFor: subject }),
    ],
  }),
  jqDelete: (tag: string): ForeignEdit => ({
    name: `jq delete :${tag}`,
    arrived: 'rename',
    edit: (read) => without(read, tagged(tag)),
  }),
  /** A tool that writes back what it read: an image copied again. */
  rewrite: (arrived: 'rename' | 'in-place' = 'in-place'): ForeignEdit => ({
    name: `rewrite ${arrived}`,
    arrived,
    edit: (read) => read,
  }),
  clobber: (content: string): ForeignEdit => ({
    name: `overwritten with ${content} alone`,
    arrived: 'rename',
    edit: () => [entry(content, { tag: 'only' })],
  }),
  empty: (): ForeignEdit => ({ name: 'emptied', arrived: 'in-place', edit: () => [] }),
};
