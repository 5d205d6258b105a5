// Edits of index.json as deltas: each says what one push or delete wants, whatever the file holds by then (INTEROP §3.1).
// Pure: they change a draft, and one that is refused has changed nothing.
import { annotationKeys } from '../oci/annotations.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { Tag } from '../oci/reference.ts';
import { referrersTagOf } from '../oci/referrers-tag.ts';
import type { IndexDraft } from './index-draft.ts';
import { annotated, type IndexEntry, newIndexEntry, parseIndexEntry } from './index-entry.ts';
import type { ManifestFacts } from './manifest-facts.ts';

/** A pushed manifest: listed under each tag, or untagged when there is none. */
export interface PutEdit {
  readonly kind: 'put';
  readonly facts: ManifestFacts;
  readonly bytes: Uint8Array;
  readonly tags: readonly Tag[];
}

/** A tag is gone; its manifest stays, untagged (distribution-spec, Deleting Tags). */
export interface UntagEdit {
  readonly kind: 'untag';
  readonly tag: Tag;
}

/** A manifest is gone, with all its tags (distribution-spec, Deleting Manifests). */
export interface RemoveEdit {
  readonly kind: 'remove';
  readonly digest: Digest;
}

export type IndexEdit = PutEdit | UntagEdit | RemoveEdit;

/** Subjects whose referrers response must be made again. */
export type TouchedSubjects = readonly Digest[];

/** Throws RegistryError when the edit makes no sense for the index as it is. `now` is RFC 3339. */
export function applyEdit(draft: IndexDraft, edit: IndexEdit, now: string): TouchedSubjects {
  if (edit.kind === 'put') return put(draft, edit, now);
  return edit.kind === 'untag' ? untag(draft, edit, now) : remove(draft, edit);
}

function put(draft: IndexDraft, { facts, tags }: PutEdit, now: string): TouchedSubjects {
  const { digest, mediaType } = facts.descriptor;
  const touched = facts.subject === undefined ? [] : [facts.subject];
  for (const tag of tags) {
    const holders = draft.named(tag);
    const holder = holders[0];
    if (holders.length === 1 && holder?.digest === digest && holder.mediaType === mediaType) continue;
    for (const each of holders) draft.remove(each);
    draft.add(entryOf(facts, tag, now));
    for (const each of holders) keepUntagged(draft, each, now);
  }
  const listed = draft.listed(digest);
  if (listed.length === 0) draft.add(entryOf(facts, undefined, now));
  // A tagged entry says all that a plain untagged one of the same digest says.
  if (tags.length > 0) for (const each of listed) if (each.refName === undefined && each.plain) draft.remove(each);
  return touched;
}

/** Entries never copy the manifest's annotations: one of them may be a name and would create a phantom tag (INTEROP §3.1 rule 3). */
function entryOf(facts: ManifestFacts, tag: Tag | undefined, now: string): IndexEntry {
  const { subject, descriptor } = facts;
  const { mediaType, digest, size, artifactType } = descriptor;
  const entry = newIndexEntry({
    mediaType,
    digest,
    size,
    // buildx filters on the entry's own type; what refers to nothing needs none.
    artifactType: subject === undefined ? undefined : artifactType,
    annotations: {
      [annotationKeys.refName]: tag,
      [annotationKeys.containerdSubject]: subject,
      [annotationKeys.created]: now,
    },
  });
  entry.facts = facts;
  return entry;
}

/** When its last entry loses the name, a manifest stays listed: regctl deletes what no entry reaches. */
function keepUntagged(draft: IndexDraft, entry: IndexEntry, now: string): void {
  if (entry.digest === undefined || draft.listed(entry.digest).length > 0) return;
  const { refName, created } = annotationKeys;
  draft.add(annotated(entry, { [refName]: undefined, [created]: entry.createdAt ?? now }));
}

function untag(draft: IndexDraft, { tag }: UntagEdit, now: string): TouchedSubjects {
  const holders = draft.named(tag);
  if (holders.length === 0) throw new RegistryError('MANIFEST_UNKNOWN', { detail: 'no such tag' });
  for (const holder of holders) draft.remove(holder);
  for (const holder of holders) keepUntagged(draft, holder, now);
  return [];
}

function remove(draft: IndexDraft, { digest }: RemoveEdit): TouchedSubjects {
  const entries = draft.listed(digest);
  draft.withdraw(digest);
  return entries.flatMap((entry) => {
    const subject = entry.subject ?? (entry.facts === 'none' ? undefined : entry.facts?.subject);
    return subject === undefined ? [] : [subject];
  });
}

/** Lists a response under the referrers tag of its subject, where regclient and olareg look for it, or takes it off the list. */
export function setResponse(draft: IndexDraft, subject: Digest, response: Descriptor | undefined, now: string): void {
  const tag = referrersTagOf(subject);
  const holders = draft.named(tag);
  if (holders.length === 1 && holders[0]?.digest === response?.digest) return;
  for (const holder of holders) draft.remove(holder);
  if (response === undefined) return;
  const { mediaType, digest, size } = response;
  const annotations = { [annotationKeys.refName]: tag, [annotationKeys.created]: now };
  draft.add(newIndexEntry({ mediaType, digest, size, artifactType: undefined, annotations }));
}

/** Puts back and takes away entries as the journal's judgement says; what is there already stays as it is. */
export function heal(draft: IndexDraft, lines: readonly string[], removed: ReadonlySet<IndexEntry>): void {
  for (const entry of removed) draft.remove(entry);
  for (const line of lines) draft.add(parseIndexEntry(line));
}
