// What `moorage serve` says, below its repositories, about what is hidden in them: the first few, and where to see them all.

import { rootPrefix } from '../layout/files/keys.ts';
import type { NameRules } from '../layout/names/name-rules.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { printableText } from '../oci/printable-text.ts';
import { mountOf } from '../registry/mount.ts';
import type { Registry } from '../registry/registry.ts';
import { DirectoryListing } from '../storage/filesystem/directory-listing.ts';
import { findArchiveProblems, findUnserved } from './findings/archive-findings.ts';
import { ReadBudget } from './findings/content-glance.ts';
import { findDirectories } from './findings/directory-findings.ts';
import type { Finding } from './findings/finding.ts';
import { FindingList } from './findings/finding-list.ts';
import { findHidden } from './findings/hidden-findings.ts';

const shownFindings = 20;
const longestLine = 240;

export interface HiddenListOptions {
  readonly registry: Registry;
  readonly mounts: readonly OpenedMount[];
  readonly names: NameRules;
  /** The server stops: there is nobody left to tell. */
  readonly signal: AbortSignal;
}

/** Lines to print; empty where nothing is hidden. */
export async function hiddenLines(options: HiddenListOptions): Promise<readonly string[]> {
  const found = new HiddenFindings();
  for (const mount of options.mounts) found.add(mount.name, await ofMount(mount));
  const budget = new ReadBudget();
  const served = new Set<string>();
  for await (const { name, mount, prefix } of options.registry.layouts()) {
    if (options.signal.aborted) return [];
    served.add(mount.name);
    const opened = options.mounts.find(({ reader }) => reader === mount.reader);
    // It came after the start.
    if (opened === undefined) continue;
    const files = filesOf(opened);
    found.add(name, await findHidden({ store: mount.reader, prefix, name, names: options.names, files, budget }));
    if (name === '' || mountOf(options.mounts, name)?.reader === mount.reader) continue;
    const hidden = new FindingList();
    hidden.add('hidden-by-mount', { detail: opened.path });
    found.add(name, hidden);
  }
  return [...emptyRoots(options.mounts, served), ...found.lines(options.mounts)];
}

/** A PATH that was meant to hold something, as its other files show. */
function emptyRoots(mounts: readonly OpenedMount[], served: ReadonlySet<string>): readonly string[] {
  return mounts
    .filter(
      ({ kind, name, path, archives }) => kind === 'root' && path !== '' && !served.has(name) && !hasArchives(archives),
    )
    .filter(({ path }) => hasOtherFiles(path))
    .map(({ path }) => `  ${path} holds no image layout; what is pushed becomes one`);
}

function hasArchives(archives: OpenedMount['archives']): boolean {
  return archives !== undefined && archives.mounts.length + archives.unserved.length > 0;
}

function hasOtherFiles(path: string): boolean {
  for (const { name } of new DirectoryListing(path).children(rootPrefix)) if (!name.startsWith('.')) return true;
  return false;
}

/** Undefined for what is no directory. */
function filesOf(mount: OpenedMount | undefined): DirectoryListing | undefined {
  const isDirectory = mount !== undefined && mount.kind !== 'archive' && mount.path !== '';
  return isDirectory ? new DirectoryListing(mount.path) : undefined;
}

async function ofMount({ kind, name, path, archives, problems = [] }: OpenedMount): Promise<FindingList> {
  const findings = new FindingList();
  if (kind !== 'archive' && path !== '') {
    await findDirectories(new DirectoryListing(path), findings, { isNamed: name !== '', nowMs: Date.now() });
  }
  findArchiveProblems(problems, findings);
  findUnserved(archives?.unserved ?? [], findings);
  return findings;
}

class HiddenFindings {
  readonly #shown: string[] = [];
  #count = 0;

  add(where: string, findings: FindingList): void {
    for (const { findings: some, omitted } of findings.groups()) {
      const [first] = some;
      if (first === undefined || !first.hides || first.severity === 'note') continue;
      this.#count += some.length + omitted;
      for (const finding of some) if (this.#shown.length < shownFindings) this.#shown.push(lineOf(where, finding));
    }
  }

  lines(mounts: readonly OpenedMount[]): readonly string[] {
    if (this.#count === 0) return [];
    const path = mounts.find((each) => each.path !== '')?.path ?? 'PATH';
    const heading = this.#count === 1 ? '  1 thing is hidden' : `  ${this.#count} things are hidden`;
    const rest = this.#count - this.#shown.length;
    const more = rest > 0 ? [`    ... and ${rest} more`] : [];
    const shown = mounts.length === 1 ? path : 'PATH';
    return [
      `${heading} (moorage inspect ${shown} says what to do)`,
      ...this.#shown.map((line) => `    ${line}`),
      ...more,
      '',
    ];
  }
}

function lineOf(where: string, { code, name, digest, path, detail }: Finding): string {
  const isOwnTag = name !== undefined && where !== '' && !/[/:@]/.test(name);
  const named = isOwnTag ? [`${where}:${name}`] : [where === '' ? undefined : where, name];
  const about = [...named, path, name === undefined ? undefined : digest];
  const line = `${code}  ${about.filter((each) => each !== undefined).join('  ')}`;
  return printableText(detail === undefined ? line : `${line}  (${detail})`, longestLine);
}
