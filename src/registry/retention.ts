// Retention of one repository's layout, before what nothing leads to is collected from it; and what is odd about the rules.
import type { HistoryRules } from '../layout/changes/index-transaction.ts';
import type { Ages } from '../layout/collection/ages.ts';
import type { Collected } from '../layout/collection/collected.ts';
import type { LayoutPrefix } from '../layout/files/keys.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import { UnsearchableError } from '../layout/manifests/outlines-below.ts';
import type { VirtualPath } from '../layout/names/name-table.ts';
import type { RepositoryRetention } from '../layout/retention/layout-retention.ts';
import { type Retained, removedManifest, retainedTag } from '../layout/retention/retained.ts';
import type { RetentionRules } from '../layout/retention/retention-rule.ts';
import { emptied, RuleUse } from '../layout/retention/rule-warnings.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { StorageError } from '../storage/storage-error.ts';
import { layoutPrefixes } from './layout-prefixes.ts';
import { nameAbove } from './mount.ts';
import type { MountedLayouts } from './mounted-layouts.ts';

export interface Retaining {
  readonly rules: RetentionRules & HistoryRules;
  readonly ages: Ages;
  readonly use: RuleUse;
  /** As `gc --grace 0s` does. */
  readonly ignoresLeases: boolean;
  /** What stays, too. */
  readonly tellsAll: boolean;
  readonly onRetained: (retained: Retained) => void;
  /** A manifest that was taken off the list is gone for good. */
  readonly onUnkept: (bytes: number, deletion: Omit<Collected, 'bytes'>) => void;
  readonly onOdd: (warning: string) => void;
}

/** Returns why nobody can tell what may go; undefined when that is known. */
export async function retain(
  mounted: MountedLayouts,
  prefix: LayoutPrefix,
  run: Retaining,
): Promise<string | undefined> {
  const { untagged, retention } = run.rules;
  const nameOf = namesBelow(mounted, prefix);
  return whyUnclear(async () => {
    const layout = mounted.at(prefix);
    if (retention.length > 0) await retainTags(layout, nameOf, run);
    if (untagged !== 'keep')
      await removeUntagged(layout, { prefix, repository: nameOf('' as VirtualPath) }, untagged, run);
    const { writer } = mounted.mount;
    if (writer !== undefined) await layout.retention.tidy(writer);
  });
}

function namesBelow(mounted: MountedLayouts, prefix: LayoutPrefix): (path: VirtualPath) => string {
  return (path) => nameAbove(mounted, [prefix, path].filter((part) => part !== '').join('/'));
}

/** What keeps anybody from telling, in words for an operator. */
async function whyUnclear(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const isTold =
      error instanceof UnsearchableError || error instanceof RegistryError || error instanceof StorageError;
    if (!isTold) throw error;
    return error.message;
  }
}

type Planning = Pick<Retaining, 'ages' | 'use' | 'onOdd'> & { readonly rules: RetentionRules };

/** The decisions, of which what is odd is told. */
async function planTags(
  layout: ImageLayout,
  nameOf: (path: VirtualPath) => string,
  { rules: { retention: rules }, ages, use, onOdd }: Planning,
): Promise<readonly RepositoryRetention[]> {
  const planned = await layout.retention.plan({ rules, ages, nameOf });
  for (const { repository, decisions } of planned) {
    use.note(
      repository,
      decisions.map(({ facts }) => facts.tag),
    );
    const warning = emptied(repository, decisions);
    if (warning !== undefined) onOdd(warning);
  }
  return planned;
}

async function retainTags(layout: ImageLayout, nameOf: (path: VirtualPath) => string, run: Retaining): Promise<void> {
  const planned = await planTags(layout, nameOf, run);
  if (layout.changes === undefined) return;
  const done = await layout.retention.apply(planned, layout.changes);
  for (const { repository, decisions } of planned) {
    for (const decision of decisions) {
      const isTold = decision.keep === undefined ? done.has(decision) : run.tellsAll;
      if (isTold) run.onRetained(retainedTag(repository, decision, run.rules.retention));
    }
  }
}

async function removeUntagged(
  layout: ImageLayout,
  { prefix, repository }: { readonly prefix: LayoutPrefix; readonly repository: string },
  untaggedMs: number,
  run: Retaining,
): Promise<void> {
  const { ages, ignoresLeases, rules, onRetained, onUnkept } = run;
  const untagged = { untaggedMs, ages, ignoresLeases };
  const plan = await layout.untaggedRetention.plan(untagged);
  const sizes = new Map<Digest, number>();
  for (const digest of plan.digests) sizes.set(digest, (await layout.blobs.stat(digest))?.size ?? 0);
  const { changes } = layout;
  if (changes === undefined) return;
  for (const digest of await layout.untaggedRetention.apply(plan, untagged, changes)) {
    onRetained(removedManifest(repository, digest));
    if (rules.keepLeftMs > 0) continue;
    const why = 'it is off the list, and nothing that left it is kept';
    onUnkept(sizes.get(digest) ?? 0, { kind: 'manifest', where: prefix, digest, why });
  }
}

/** What is odd about the rules, by what is stored now: for a start, before anything goes. */
export async function oddRetention(
  mounted: MountedLayouts,
  rules: RetentionRules,
  ages: Ages,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { retention } = rules;
  if (retention.length === 0) return [];
  const odd: string[] = [];
  const use = new RuleUse(retention);
  const onOdd = (warning: string) => odd.push(warning);
  const look = { rules, ages, use, onOdd };
  for await (const prefix of layoutPrefixes(mounted.mount.reader, signal)) {
    const layout = mounted.at(prefix);
    const why = await whyUnclear(async () => {
      await planTags(layout, namesBelow(mounted, prefix), look);
    });
    if (why !== undefined) odd.push(`rules of retention cannot be looked at in ${nameAbove(mounted, prefix)}: ${why}`);
  }
  return [...odd, ...use.unused()];
}
