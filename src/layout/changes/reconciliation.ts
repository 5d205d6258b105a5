// What a layout lacks of the form in which every tool finds everything (docs/layouts.md#reconcile): referrers and children that no entry
// lists, entries that do not say what they refer to, and responses that are stale. Worked out from what the manifests say.
import type { Digest } from '../../oci/digest.ts';
import { type KeptFacts, keptOf } from '../../oci/manifest-facts.ts';
import type { Tag } from '../../oci/reference.ts';
import { referrersTagOf } from '../../oci/referrers-tag.ts';
import { tagOf } from '../index/entry-name.ts';
import { IndexDraft } from '../index/index-draft.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { ManifestReader } from '../manifests/manifest-reader.ts';
import { reachableManifests } from '../manifests/reachable-manifests.ts';
import type { UnreferencedManifest } from '../manifests/unreferenced-manifests.ts';
import type { RepositoryNames } from '../names/repository-names.ts';
import { Pace } from '../pacing/pace.ts';
import { applyEdit, type ReconcileEdit } from './index-edit.ts';
import type { ReadLayout } from './read-layout.ts';
import type { Reconciled } from './reconciled.ts';
import { ReferrersResponses, type ResponseRules } from './referrers-responses.ts';

export interface ReconcilePlan {
  readonly edit: ReconcileEdit;
  /** What comes of it; empty where nothing is to be done. */
  readonly changes: readonly Reconciled[];
}

/** The edit that would bring the layout to the convention, and what comes of it; undefined when there is no such layout. Throws UNAVAILABLE (503). */
export async function planReconcile(layout: ReadLayout, rules: ResponseRules): Promise<ReconcilePlan | undefined> {
  const { keys, manifests, names, derived, clock } = layout;
  const index = await layout.index.current();
  if (index === undefined) return undefined;
  await derived.of(index).learnFacts();
  const unreferenced = await derived.of(index).unreferenced();
  const edit = await editFor(index, { manifests, names: names.of(''), unreferenced });
  const draft = new IndexDraft(index);
  const nowMs = clock.now();
  const touched = applyEdit(draft, edit, nowMs);
  await new ReferrersResponses(keys, manifests, rules).rewrite(draft, new Set(touched), nowMs);
  const subjects = new Map(edit.subjects.map((subject) => [referrersTagOf(subject), subject]));
  return { edit, changes: changesOf(draft, (entry) => entry.responseFor ?? subjects.get(tagOf(entry.name) ?? noTag)) };
}

interface ReconcileParts {
  readonly manifests: ManifestReader;
  readonly names: RepositoryNames;
  /** Manifests with a subject that only a scan finds. */
  readonly unreferenced: ReadonlyMap<Digest, UnreferencedManifest>;
}

/** Facts of all entries must have been learnt. */
async function editFor(index: LayoutIndex, { manifests, names, unreferenced }: ReconcileParts): Promise<ReconcileEdit> {
  const unlisted: KeptFacts[] = [];
  const subjects = new Set<Digest>();
  const pace = new Pace();
  for (const { facts, responseFor, subject } of index.entries) {
    for (const each of [responseFor, subject]) if (each !== undefined) subjects.add(each);
    if (facts !== undefined && facts !== 'none' && facts.subject !== undefined) subjects.add(facts.subject);
  }
  const reachable = await reachableManifests(index.entries, manifests);
  for (const [digest, mediaType] of reachable.mediaTypes) {
    const facts = await manifests.factsOfChild(digest, mediaType);
    await pace.step();
    if (facts === 'none') continue;
    if (facts.subject !== undefined) subjects.add(facts.subject);
    if (index.listed(digest).length === 0) unlisted.push(keptOf(facts));
  }
  const known = new Set(unlisted.map(({ descriptor }) => descriptor.digest));
  for (const { digest, facts } of unreferenced.values()) {
    if (facts.subject === undefined) continue;
    subjects.add(facts.subject);
    if (!known.has(digest)) unlisted.push(facts);
  }
  for (const subject of staleResponses(index)) subjects.add(subject);
  unlisted.sort((a, b) => (a.descriptor.digest < b.descriptor.digest ? -1 : 1));
  return { kind: 'reconcile', unlisted, subjects: [...subjects].sort(), names };
}

const noTag = '' as Tag;

/** Subjects of responses under referrers tags, told by what the responses list: whatever became of that. */
function staleResponses(index: LayoutIndex): readonly Digest[] {
  const known = new Map<string, Digest>();
  for (const { digest } of index.entries)
    if (digest !== undefined) known.set(digest.replace(':', '-').slice(0, 71), digest);
  return index.tags().flatMap((tag) => known.get(tag) ?? []);
}

type SubjectOf = (response: IndexEntry) => Digest | undefined;

function changesOf(draft: IndexDraft, subjectOf: SubjectOf): readonly Reconciled[] {
  const removed = removedBy(draft.removed);
  const changes = draft.added.flatMap((entry) => changeOf(entry, removed, subjectOf) ?? []);
  const replaced = new Set(draft.added.map(responseKeyOf));
  for (const entry of draft.removed) {
    const key = responseKeyOf(entry);
    if (key === undefined || replaced.has(key) || entry.digest === undefined) continue;
    changes.push({
      kind: 'removed-response',
      digest: entry.digest,
      subject: subjectOf(entry),
      why: 'nothing refers to its subject any more',
    });
  }
  return changes;
}

interface Removed {
  readonly digests: ReadonlyMap<string | undefined, IndexEntry>;
  readonly responses: ReadonlySet<string | undefined>;
}

function removedBy(entries: ReadonlySet<IndexEntry>): Removed {
  const all = [...entries].reverse();
  return { digests: new Map(all.map((entry) => [entry.digest, entry])), responses: new Set(all.map(responseKeyOf)) };
}

function changeOf(entry: IndexEntry, removed: Removed, subjectOf: SubjectOf): Reconciled | undefined {
  const { digest, subject } = entry;
  if (digest === undefined) return undefined;
  const key = responseKeyOf(entry);
  if (key !== undefined) {
    const stale = removed.responses.has(key);
    const reader = entry.responseFor === undefined ? 'regctl and other clients of the referrers tag' : 'olareg';
    return {
      kind: 'wrote-response',
      digest,
      subject: subjectOf(entry),
      why: stale ? `the response that ${reader} read was stale` : `${reader} would find no referrers`,
    };
  }
  const before = removed.digests.get(digest);
  if (before?.isNamed === false && entry.isNamed) {
    return {
      kind: 'named-image',
      digest,
      subject: undefined,
      why: 'it was latest as the only entry, which it no longer is; now the entry says so',
    };
  }
  if (before !== undefined) {
    return {
      kind: 'marked-referrer',
      digest,
      subject,
      why: 'its entry did not say what it refers to: docker and containerd would not take it along',
    };
  }
  if (subject !== undefined) {
    return {
      kind: 'listed-referrer',
      digest,
      subject,
      why: 'no entry listed it: oras, zot and docker would not find it',
    };
  }
  return {
    kind: 'listed-child',
    digest,
    subject: undefined,
    why: 'no entry listed it: zot and oras would not find it by digest',
  };
}

/** What a response stands under; undefined for an entry that is none. */
function responseKeyOf(entry: IndexEntry): string | undefined {
  if (entry.rank !== 3) return undefined;
  return entry.responseFor === undefined ? tagOf(entry.name) : `olareg ${entry.responseFor}`;
}
