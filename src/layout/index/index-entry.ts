// One descriptor of index.json: its exact text, and what we understand of it. Entries are shared by all snapshots that hold them.
import { type Annotations, annotationKeys } from '../../oci/annotations.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { KeptFacts } from '../../oci/manifest-facts.ts';
import { type EntryKey, entryKeyOf } from './entry-key.ts';
import { type EntryName, entryNameOf, fullNameIn, isNamedResponse } from './entry-name.ts';
import { membersOf, withMember } from './json-span.ts';

export interface IndexEntry {
  /** What makes it the same entry whoever prints it: the journal's identity. */
  readonly key: EntryKey;
  /** The descriptor's JSON on one line, as whoever wrote it wrote it: unknown fields and key order survive. */
  readonly line: string;
  readonly lineBytes: number;
  /** Undefined for what we cannot serve (another algorithm, no digest at all): kept in the file, ignored otherwise. */
  readonly digest: Digest | undefined;
  readonly mediaType: string | undefined;
  readonly size: number;
  /** What it is called, whichever tool wrote it. */
  readonly name: EntryName;
  /** False when no annotation of a name is there: not the same as having a name that means something. */
  readonly isNamed: boolean;
  /** The digest this entry says it refers to (containerd, docker, buildx, and us). */
  readonly subject: Digest | undefined;
  /** The digest whose referrers response this entry is (olareg, or image-spec PR #1171). */
  readonly responseFor: Digest | undefined;
  /** True when it carries nothing that only this entry says: it may be replaced by a tagged entry of the same digest. */
  readonly plain: boolean;
  readonly createdAt: string | undefined;
  /** Where it belongs in the file: 0 images (trivy takes the first entry), 1 untagged manifests, 2 referrers, 3 responses. */
  readonly rank: number;
  /** What the manifest itself says, once somebody asked: a derived fact about an immutable blob. */
  facts: KeptFacts | 'none' | undefined;
  /** The segment that it was put into last, where an edit looks for it first; 0: none so far. */
  segment: number;
}

/** Throws when the line is not JSON; anything that is not a descriptor is kept without being understood. */
export function parseIndexEntry(line: string): IndexEntry {
  const json: unknown = JSON.parse(line);
  const fields = isRecord(json) ? json : {};
  const annotations = stringsOf(fields.annotations);
  const refName = annotations[annotationKeys.refName];
  const imageName = fullNameIn(annotations);
  const name = entryNameOf(annotations);
  const isNamed = refName !== undefined || imageName !== undefined;
  const subject = digestOrNone(annotations[annotationKeys.containerdSubject]);
  const responseFor = digestOrNone(
    annotations[annotationKeys.olaregSubject] ?? annotations[annotationKeys.proposedSubject],
  );
  return {
    key: entryKeyOf({
      digest: typeof fields.digest === 'string' ? fields.digest : '',
      refName,
      containerdSubject: annotations[annotationKeys.containerdSubject],
      olaregSubject: annotations[annotationKeys.olaregSubject],
      imageName,
    }),
    line,
    lineBytes: Buffer.byteLength(line),
    digest: digestOrNone(fields.digest),
    mediaType: typeof fields.mediaType === 'string' ? fields.mediaType : undefined,
    size: typeof fields.size === 'number' ? fields.size : -1,
    name,
    isNamed,
    subject,
    responseFor,
    plain: isPlain(fields, annotations),
    createdAt: annotations[annotationKeys.created],
    rank: isNamedResponse(name) || responseFor !== undefined ? 3 : isNamed ? 0 : subject === undefined ? 1 : 2,
    facts: undefined,
    segment: 0,
  };
}

const plainFields = new Set(['mediaType', 'digest', 'size', 'annotations', 'artifactType']);

function isPlain(fields: Record<string, unknown>, annotations: Annotations): boolean {
  return (
    Object.keys(fields).every((field) => plainFields.has(field)) &&
    Object.keys(annotations).every((key) => key === annotationKeys.created || key === annotationKeys.containerdSubject)
  );
}

export interface EntryFields {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string | undefined>>;
}

/** An entry of our own: the fields in the order that every tool writes them, absent ones left out, and so are annotations without any. */
export function newIndexEntry({ mediaType, digest, size, artifactType, annotations }: EntryFields): IndexEntry {
  const isBare = Object.values(annotations).every((value) => value === undefined);
  const fields = { mediaType, digest, size, artifactType, annotations: isBare ? undefined : annotations };
  return parseIndexEntry(JSON.stringify(fields));
}

/** The same entry with annotations set, or removed where undefined; every other byte of it stays, and so do numbers of any size. */
export function annotated(entry: IndexEntry, changes: Readonly<Record<string, string | undefined>>): IndexEntry {
  const fields: unknown = JSON.parse(entry.line);
  if (!isRecord(fields)) return entry;
  const found = membersOf(entry.line).findLast(({ name }) => name === 'annotations')?.text;
  let annotations = isRecord(fields.annotations) && found !== undefined ? found : '{}';
  for (const [name, value] of Object.entries(changes)) {
    annotations = withMember(annotations, name, value === undefined ? undefined : JSON.stringify(value));
  }
  const changed = parseIndexEntry(withMember(entry.line, 'annotations', annotations));
  changed.facts = entry.facts;
  return changed;
}

function digestOrNone(value: unknown): Digest | undefined {
  return typeof value === 'string' && isDigest(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringsOf(value: unknown): Annotations {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
