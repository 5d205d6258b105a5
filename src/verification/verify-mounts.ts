// The verification of what lies on this machine: roots, layouts and archives, or one repository or image of them.
import { findArchiveProblems, findUnserved } from '../inspection/findings/archive-findings.ts';
import { findDirectories } from '../inspection/findings/directory-findings.ts';
import { FindingList } from '../inspection/findings/finding-list.ts';
import type { HashedByMount } from '../inspection/hashed-files.ts';
import type { InspectedPart } from '../inspection/inspection.ts';
import type { LayoutIndex } from '../layout/index/layout-index.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import type { LayoutRules } from '../registry/layout-rules.ts';
import type { NamedLayout, UnlistedDirectory } from '../registry/named-layout.ts';
import type { Registry } from '../registry/registry.ts';
import { DirectoryListing } from '../storage/filesystem/directory-listing.ts';
import { type BlobProgress, unwatched } from '../transfer/progress.ts';
import { type DamagedContent, maxDamaged, type UnmarkedLayout } from './damage.ts';
import { expectAll } from './expected-blobs.ts';
import { lookUntilSteady } from './steady-look.ts';
import { verifiedGroups } from './verified-kinds.ts';
import { type VerifyLayoutOptions, verifyLayout } from './verify-layout.ts';
import { verifyOwnFiles } from './verify-own-files.ts';
import { imageIn, isMeant, type VerifyTarget } from './verify-target.ts';

export interface VerifyMountsOptions {
  readonly mounts: readonly OpenedMount[];
  /** Over these mounts. */
  readonly registry: Registry;
  readonly rules: LayoutRules;
  readonly target: VerifyTarget;
  readonly hashed: HashedByMount;
  /** The time of day, in milliseconds. */
  readonly now: () => number;
  /** Undefined: nobody watches. */
  readonly progress: BlobProgress | undefined;
}

export interface Verified {
  readonly parts: readonly InspectedPart[];
  readonly damaged: readonly DamagedContent[];
  readonly unmarked: readonly UnmarkedLayout[];
  /** False where the repository, or the image, that was named is not there. */
  readonly isFound: boolean;
}

/** Reads every byte of what is meant, and writes nothing but what it found out, where a server of the directory looks for it. */
export async function verifyMounts(options: VerifyMountsOptions): Promise<Verified> {
  const { mounts, registry, target } = options;
  const { within, reference } = target;
  const layouts: NamedLayout[] = [];
  const unlisted: UnlistedDirectory[] = [];
  const onUnlisted = (directory: UnlistedDirectory) => {
    if (isMeant(directory.name, within)) unlisted.push(directory);
  };
  for await (const layout of registry.layouts(onUnlisted)) if (isMeant(layout.name, within)) layouts.push(layout);
  layouts.sort((one, other) => (one.name < other.name ? -1 : 1));
  const isWhole = within === undefined && reference === undefined;
  const { progress } = options;
  // Somebody who watches sees how much there is to read of all of it.
  if (progress !== undefined && reference === undefined) await expectAll(layouts, isWhole ? mounts : [], progress);
  const damaged = new Map<string, DamagedContent>();
  const onDamaged = (each: DamagedContent) => {
    const { mount, prefix, digest } = each;
    if (damaged.size < maxDamaged) damaged.set(`${mount.path} ${prefix ?? 'pool:'} ${digest}`, each);
  };
  const unmarked: UnmarkedLayout[] = [];
  const told: Told = { onDamaged, onUnmarked: (layout) => unmarked.push(layout) };
  const parts: InspectedPart[] = [];
  if (isWhole) for (const mount of mounts) parts.push(...(await asAWhole(mount, options.now())));
  parts.push(...notLooked(unlisted, mounts, parts));
  let isFound = false;
  for (const layout of layouts) {
    const part = await verifyOne(layout, options, told);
    if (part !== undefined) parts.push(part);
    isFound ||= part !== undefined;
  }
  if (isWhole) for (const mount of mounts) parts.push(...(await ownFiles(mount, options, onDamaged)));
  return { parts, damaged: [...damaged.values()], unmarked, isFound };
}

type Told = Pick<VerifyLayoutOptions, 'onDamaged' | 'onUnmarked'>;

async function verifyOne(
  { name, mount, prefix }: NamedLayout,
  { mounts, rules, target, hashed, now, progress = unwatched }: VerifyMountsOptions,
  { onDamaged, onUnmarked }: Told,
): Promise<InspectedPart | undefined> {
  const opened = mounts.find(({ reader }) => reader === mount.reader);
  // An archive that came after the start.
  if (opened === undefined) return undefined;
  const { within, reference } = target;
  const files = listingOf(opened);
  const image = reference && ((index: LayoutIndex) => imageIn(index, name, rules, { within, reference }));
  const own = { mount: opened, prefix, name, now, files, image, hashed: await hashed.of(opened) };
  const look = async (isFirst: boolean) => {
    const damaged: DamagedContent[] = [];
    const unmarked: UnmarkedLayout[] = [];
    const told = {
      onDamaged: (each: DamagedContent) => damaged.push(each),
      onUnmarked: (each: UnmarkedLayout) => unmarked.push(each),
    };
    const part = await verifyLayout({ ...own, ...told, progress: isFirst ? progress : unwatched });
    return { part, damaged, unmarked };
  };
  const { part, damaged, unmarked } = await lookUntilSteady(look, { reader: mount.reader, prefix, now });
  damaged.forEach(onDamaged);
  unmarked.forEach(onUnmarked);
  return part;
}

/** Undefined where the mount is no directory. */
export function listingOf({ kind, path }: OpenedMount): DirectoryListing | undefined {
  return kind === 'archive' || path === '' ? undefined : new DirectoryListing(path);
}

async function ownFiles(
  mount: OpenedMount,
  { hashed, now, progress = unwatched }: VerifyMountsOptions,
  onDamaged: (damaged: DamagedContent) => void,
): Promise<readonly InspectedPart[]> {
  const files = listingOf(mount);
  if (files === undefined) return [];
  const part = await verifyOwnFiles({ mount, files, now, hashed: await hashed.of(mount), progress, onDamaged });
  return part === undefined ? [] : [part];
}

/** Of directories that could not be listed: what lies in them was not looked at, also where they could be listed a moment later. */
function notLooked(
  unlisted: readonly UnlistedDirectory[],
  mounts: readonly OpenedMount[],
  told: readonly InspectedPart[],
): readonly InspectedPart[] {
  const known = new Set(
    told.flatMap(({ where, findings }) =>
      findings.flatMap((group) => group.findings.map(({ path }) => `${where} ${path}`)),
    ),
  );
  const parts: InspectedPart[] = [];
  for (const { mount, prefix, why } of unlisted) {
    const where = mounts.find(({ reader }) => reader === mount.reader)?.path ?? '';
    if (known.has(`${where} ${prefix}`)) continue;
    const findings = new FindingList();
    findings.add('unreadable-file', { path: prefix, detail: why.message });
    const groups = verifiedGroups(findings.groups());
    parts.push({ kind: 'root', name: '', where, entries: undefined, dialects: [], findings: groups });
  }
  return parts;
}

/** Empty where there is nothing to say: each layout is verified by itself. */
async function asAWhole(mount: OpenedMount, nowMs: number): Promise<readonly InspectedPart[]> {
  const { kind, name, path, archives, problems = [] } = mount;
  const findings = new FindingList();
  const files = listingOf(mount);
  if (files === undefined) findArchiveProblems(problems, findings);
  else await findDirectories(files, findings, { isNamed: name !== '', nowMs });
  findUnserved(archives?.unserved ?? [], findings);
  const groups = verifiedGroups(findings.groups());
  if (groups.length === 0) return [];
  const part = { name: '', where: path, entries: undefined, dialects: [], findings: groups };
  return [{ kind: kind === 'archive' ? kind : 'root', ...part }];
}
