// Edits of index.json as deltas: each says what one push or delete wants, whatever the file holds by then (docs/layouts.md#entries-that-moorage-writes).
// Pure: they change a draft, and one that is refused has changed nothing but its form.
import { annotationKeys, createdAt } from '../../oci/annotations.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import type { KeptFacts } from '../../oci/manifest-facts.ts';
import type { Precondition } from '../../oci/precondition.ts';
import type { Tag } from '../../oci/reference.ts';
import { referrersTagOf } from '../../oci/referrers-tag.ts';
import type { TagProtection } from '../../oci/tag-protection.ts';
import { type IndexedEntry, identityOf } from '../index/entry-key.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import { annotated, type IndexEntry, newIndexEntry, parseIndexEntry } from '../index/index-entry.ts';
import { untaggedEntry } from '../index/untagged-entry.ts';
import { impliedLatest, latest } from '../names/name-table.ts';
import type { NameAnnotations, RepositoryNames } from '../names/repository-names.ts';
import type { ChangeAuthor } from './layout-news.ts';
import { splitNames } from './split-names.ts';

/** What must hold of a tag or digest when the edit is applied. */
export interface EditCondition {
  readonly reference: Tag | Digest;
  readonly precondition: Precondition;
  /** Asked under the lock, once the rest holds: true leaves everything as it is. */
  readonly unless?: ((draft: IndexDraft) => Promise<boolean>) | undefined;
}

/** A pushed manifest: listed under each tag, or untagged when there is none. */
export interface PutEdit {
  readonly kind: 'put';
  readonly how: 'push' | 'rollback';
  readonly facts: KeptFacts;
  readonly bytes: Uint8Array;
  /** Digests that it refers to and that the repository does not hold: a sparse image. */
  readonly absent: readonly string[];
  readonly tags: readonly Tag[];
  /** The repository that the tags belong to. */
  readonly names: RepositoryNames;
  readonly condition?: EditCondition | undefined;
  readonly protection?: TagProtection | undefined;
  readonly by?: ChangeAuthor | undefined;
}

/** A tag is gone; its manifest stays, untagged (distribution-spec, Deleting Tags). */
export interface UntagEdit {
  readonly kind: 'untag';
  readonly how: 'delete' | 'retention';
  readonly tag: Tag;
  readonly names: RepositoryNames;
  readonly condition?: EditCondition | undefined;
  readonly protection?: TagProtection | undefined;
  readonly by?: ChangeAuthor | undefined;
}

/** A manifest is gone, with all its tags (distribution-spec, Deleting Manifests). */
export interface RemoveEdit {
  readonly kind: 'remove';
  readonly how: 'delete' | 'retention';
  readonly digest: Digest;
  /** The type that it was served with, and its size in bytes. */
  readonly mediaType: string;
  readonly size: number;
  /** What it refers to, also when no entry says so: a response that another tool wrote may list it alone. */
  readonly subject: Digest | undefined;
  readonly names: RepositoryNames;
  readonly condition?: EditCondition | undefined;
  readonly protection?: TagProtection | undefined;
  readonly by?: ChangeAuthor | undefined;
}

/** What other tools left in a form that not every tool finds is brought to ours (docs/layouts.md#reconcile). */
export interface ReconcileEdit {
  readonly kind: 'reconcile';
  /** Manifests that are there and that no entry lists. */
  readonly unlisted: readonly KeptFacts[];
  /** Whose responses are made again. */
  readonly subjects: readonly Digest[];
  readonly names: RepositoryNames;
}

/** Entries that another program took away are listed again, as they were. */
export interface RestoreEdit {
  readonly kind: 'restore';
  readonly entries: readonly IndexedEntry[];
  readonly names: RepositoryNames;
}

export type IndexEdit = PutEdit | UntagEdit | RemoveEdit | ReconcileEdit | RestoreEdit;

/** Subjects whose referrers response must be made again. */
export type TouchedSubjects = readonly Digest[];

/** Throws RegistryError when the edit makes no sense for the index as it is. */
export function applyEdit(draft: IndexDraft, edit: IndexEdit, nowMs: number): TouchedSubjects {
  splitNames(draft, edit.names.all.rules, nowMs);
  if (edit.kind === 'put') return put(draft, edit, nowMs);
  if (edit.kind === 'reconcile') return reconcile(draft, edit, nowMs);
  if (edit.kind === 'restore') return restore(draft, edit);
  const touched = edit.kind === 'untag' ? untag(draft, edit, nowMs) : remove(draft, edit);
  // What is left alone without a name was never called `latest`, and must not become so by a delete.
  const unnamed = edit.names.all.rules.unnamed === 'latest' ? impliedLatest(draft.entries) : undefined;
  if (unnamed !== undefined) replaceEntry(draft, unnamed, untaggedEntry(unnamed, nowMs));
  return touched;
}

function put(draft: IndexDraft, { facts, tags, names }: PutEdit, nowMs: number): TouchedSubjects {
  const { digest, mediaType } = facts.descriptor;
  const touched = facts.subject === undefined ? [] : [facts.subject];
  nameUnnamed(draft, names);
  for (const tag of tags) {
    const holders = names.holders(draft, tag);
    const holder = holders[0];
    if (holders.length === 1 && holder?.digest === digest && holder.mediaType === mediaType) continue;
    const annotations = names.annotationsFor(draft, tag);
    for (const each of holders) draft.remove(each);
    draft.add(entryOf(facts, annotations, nowMs));
    for (const each of holders) keepUntagged(draft, each, nowMs);
  }
  // Under another type it would not be found, or be served as what it is not.
  const isListed = draft.lists(digest, (each) => each.mediaType === undefined || each.mediaType === mediaType);
  if (!isListed) draft.add(entryOf(facts, {}, nowMs));
  // A tagged entry says all that a plain untagged one of the same digest says.
  if (tags.length > 0) for (const each of draft.untagged(digest)) if (each.plain) draft.remove(each);
  return touched;
}

/** An image that was `latest` because nothing had a name keeps that name when something gets one (docs/layouts.md#an-image-without-a-name). */
function nameUnnamed(draft: IndexDraft, names: RepositoryNames): void {
  const unnamed = draft.hasTags || names.all.rules.unnamed === 'hidden' ? undefined : impliedLatest(draft.entries);
  if (unnamed?.digest === undefined) return;
  replaceEntry(draft, unnamed, annotated(unnamed, { [annotationKeys.refName]: latest }));
  for (const twin of draft.untagged(unnamed.digest)) if (twin.plain) draft.remove(twin);
}

function replaceEntry(draft: IndexDraft, entry: IndexEntry, by: IndexEntry): void {
  draft.remove(entry);
  draft.add(by);
}

/** Entries never copy the manifest's annotations: one of them may be a name and would create a phantom tag (docs/layouts.md#no-annotations-of-the-manifest). */
function entryOf(facts: KeptFacts, name: NameAnnotations, nowMs: number): IndexEntry {
  const { subject, descriptor } = facts;
  const { mediaType, digest, size, artifactType } = descriptor;
  const entry = newIndexEntry({
    mediaType,
    digest,
    size,
    // buildx filters on the entry's own type; what refers to nothing needs none.
    artifactType: subject === undefined ? undefined : artifactType,
    annotations: {
      ...name,
      [annotationKeys.containerdSubject]: subject,
      [annotationKeys.created]: createdAt(nowMs),
    },
  });
  entry.facts = facts;
  return entry;
}

/**
 * When its last entry loses the name, a manifest stays listed: regctl deletes what no entry reaches. So does what another tool wrote
 * into the entry and no other one of the digest says, and what we do not understand.
 */
function keepUntagged(draft: IndexDraft, entry: IndexEntry, nowMs: number): void {
  const kept = untaggedEntry(entry, nowMs);
  const { digest } = kept;
  if (digest !== undefined && draft.lists(digest) && (kept.plain || isSaidByAnother(draft, kept, nowMs))) return;
  draft.add(kept);
}

/** Not looked for among more entries of a digest than any tool leaves: one too many does no harm. */
const maxTwins = 100;

function isSaidByAnother(draft: IndexDraft, { digest, line }: IndexEntry, nowMs: number): boolean {
  if (digest === undefined || draft.base.listed(digest).length > maxTwins) return false;
  return draft.listed(digest).some((each) => untaggedEntry(each, nowMs).line === line);
}

function untag(draft: IndexDraft, { tag, names }: UntagEdit, nowMs: number): TouchedSubjects {
  const holders = names.holders(draft, tag);
  if (holders.length === 0) throw new RegistryError('MANIFEST_UNKNOWN', { detail: 'no such tag' });
  for (const holder of holders) draft.remove(holder);
  for (const holder of holders) keepUntagged(draft, holder, nowMs);
  return [];
}

function remove(draft: IndexDraft, { digest, subject, names }: RemoveEdit): TouchedSubjects {
  assertNotNamedElsewhere(draft, digest, names);
  const hints = draft.listed(digest).flatMap((entry) => entry.subject ?? []);
  draft.withdraw(digest);
  return subject === undefined ? hints : [subject, ...hints];
}

function reconcile(draft: IndexDraft, { unlisted, subjects, names }: ReconcileEdit, nowMs: number): TouchedSubjects {
  if (unlisted.length > 0) nameUnnamed(draft, names);
  for (const facts of unlisted) if (!draft.lists(facts.descriptor.digest)) draft.add(entryOf(facts, {}, nowMs));
  for (const entry of [...draft.entries]) {
    const facts = entry.facts === 'none' ? undefined : entry.facts;
    if (facts?.subject === undefined || entry.subject === facts.subject) continue;
    replaceEntry(draft, entry, annotated(entry, { [annotationKeys.containerdSubject]: facts.subject }));
  }
  return subjects;
}

function restore(draft: IndexDraft, { entries }: RestoreEdit): TouchedSubjects {
  const subjects: Digest[] = [];
  for (const { key, line } of entries) {
    const entry = parseIndexEntry(line);
    if (entry.digest === undefined || draft.listed(entry.digest).some((each) => each.key === key)) continue;
    draft.add(entry);
    if (entry.subject !== undefined) subjects.push(entry.subject);
  }
  return subjects;
}

export const namedElsewhere =
  'another repository of the same layout needs this manifest; delete the tags of this one instead';

/** Several repositories in one layout share its manifests: what another one tags is not this one's to delete. */
function assertNotNamedElsewhere(draft: IndexDraft, digest: Digest, names: RepositoryNames): void {
  if (draft.fullNames.length === 0) return;
  const own = names.named(draft);
  const others = draft.listed(digest).filter(({ name }) => name.kind === 'tag' || name.kind === 'full');
  if (others.every((entry) => own.has(entry))) return;
  throw new RegistryError('UNSUPPORTED', { detail: namedElsewhere });
}

/** Lists a response under the referrers tag of its subject, where regclient looks for it, or takes it off the list. */
export function setResponse(draft: IndexDraft, subject: Digest, response: Descriptor | undefined, nowMs: number): void {
  const tag = referrersTagOf(subject);
  replaceResponse(draft, draft.tagged(tag), response, { [annotationKeys.refName]: tag }, nowMs);
}

/** The same for the entry that olareg looks for in a layout whose referrers it keeps. */
export function setOlaregResponse(
  draft: IndexDraft,
  subject: Digest,
  response: Descriptor | undefined,
  nowMs: number,
): void {
  const holders = olaregResponses(draft, subject);
  replaceResponse(draft, holders, response, { [annotationKeys.olaregSubject]: subject }, nowMs);
}

export function olaregResponses(draft: IndexDraft, subject: Digest): readonly IndexEntry[] {
  return draft.responsesFor(subject).filter(({ key }) => identityOf(key).olaregSubject !== undefined);
}

function replaceResponse(
  draft: IndexDraft,
  holders: readonly IndexEntry[],
  response: Descriptor | undefined,
  mark: Readonly<Record<string, string>>,
  nowMs: number,
): void {
  if (holders.length === 1 && holders[0]?.digest === response?.digest) return;
  for (const holder of holders) draft.remove(holder);
  if (response === undefined) return;
  const { mediaType, digest, size } = response;
  const annotations = { ...mark, [annotationKeys.created]: createdAt(nowMs) };
  draft.add(newIndexEntry({ mediaType, digest, size, artifactType: undefined, annotations }));
}
