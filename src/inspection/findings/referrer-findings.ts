// Referrers as other tools would find them: what a reconcile would change, and what only a scan of every blob shows.

import type { Reconciled } from '../../layout/changes/reconciled.ts';
import { tagOf } from '../../layout/index/entry-name.ts';
import { annotationOf } from '../../layout/index/index-document.ts';
import type { LayoutIndex } from '../../layout/index/layout-index.ts';
import type { ManifestReader } from '../../layout/manifests/manifest-reader.ts';
import { reachableManifests } from '../../layout/manifests/reachable-manifests.ts';
import { useOfReferrersTag } from '../../layout/manifests/referrers.ts';
import { UnreferencedManifests } from '../../layout/manifests/unreferenced-manifests.ts';
import { annotationKeys } from '../../oci/annotations.ts';
import type { Digest } from '../../oci/digest.ts';
import { isReferrersTag, referrersTagOf } from '../../oci/referrers-tag.ts';
import type { FindingCode } from './finding.ts';
import type { InspectedLayout } from './inspected-layout.ts';
import { shownName } from './manifest-findings.ts';

/** What stands under names of the referrers tag schema. Reads those entries, and what they list. */
export async function findReferrersTags(
  { findings }: InspectedLayout,
  index: LayoutIndex,
  manifests: ManifestReader,
): Promise<void> {
  for (const entry of index.entries) {
    const tag = tagOf(entry.name);
    if (tag === undefined || !isReferrersTag(tag)) continue;
    const use = await useOfReferrersTag(entry, manifests);
    if (use === 'response') findings.add('hidden-referrers-tag', { name: shownName(entry), digest: entry.digest });
    if (use === 'ordinary') findings.add('ordinary-referrers-tag', { name: shownName(entry), digest: entry.digest });
  }
}

/** Manifests with a subject that no entry leads to. Looks into every small blob. */
export async function findRaw(
  { store, keys, findings }: InspectedLayout,
  index: LayoutIndex,
  manifests: ManifestReader,
): Promise<ReadonlySet<Digest>> {
  const reachable = await reachableManifests(index.entries, manifests);
  const raw = new Set<Digest>();
  for (const { digest, facts } of (await new UnreferencedManifests(store, keys, manifests).referring(index)).values()) {
    if (reachable.mediaTypes.has(digest)) continue;
    raw.add(digest);
    findings.add('raw-referrer', {
      digest,
      detail: `${facts.descriptor.artifactType ?? 'of no type'}, of ${facts.subject}`,
    });
  }
  return raw;
}

/** `changes` are those that a reconcile would make; `raw` was told already. */
export function findReconcile(
  { findings }: InspectedLayout,
  index: LayoutIndex,
  changes: readonly Reconciled[],
  raw: ReadonlySet<Digest>,
): void {
  for (const { kind, digest, subject } of changes) {
    if (kind === 'wrote-response' || kind === 'removed-response') {
      const isStale = kind === 'removed-response' || subject === undefined || hasResponse(index, subject);
      // The digest would be that of the response, which is not there yet.
      findings.add(isStale ? 'stale-response' : 'missing-response', { detail: `of ${subject ?? digest}` });
    } else if (kind !== 'named-image' && !raw.has(digest)) {
      findings.add(codeOf[kind], { digest, detail: subject === undefined ? undefined : `of ${subject}` });
    }
  }
}

const codeOf = {
  'listed-referrer': 'unlisted-referrer',
  'listed-child': 'unlisted-child',
  'marked-referrer': 'unmarked-referrer',
} as const satisfies Partial<Record<Reconciled['kind'], FindingCode>>;

/** olareg looks for its own annotation where the layout is its own, everybody else for the tag. */
function hasResponse(index: LayoutIndex, subject: Digest): boolean {
  const isOlaregs = annotationOf(index.document, annotationKeys.olaregConvert) === 'true';
  return index.tagged(referrersTagOf(subject)).length > 0 && (!isOlaregs || index.responsesFor(subject).length > 0);
}
