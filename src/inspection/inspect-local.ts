// The inspection of what lies on this machine: roots, layouts and archives, opened as `serve --read-only` opens them.

import type { OpenedMount } from '../mounts/opened-mount.ts';
import { rulesForReading } from '../registry/layout-rules.ts';
import type { NamedLayout } from '../registry/named-layout.ts';
import { Registry } from '../registry/registry.ts';
import { DirectoryListing } from '../storage/filesystem/directory-listing.ts';
import { silentLog } from '../storage/log.ts';
import { openMountsToRead } from '../transfer/mounts-to-read.ts';
import type { OpenOptions } from '../transfer/open-source.ts';
import { findArchiveProblems, findUnserved } from './findings/archive-findings.ts';
import { findDirectories } from './findings/directory-findings.ts';
import { FindingList } from './findings/finding-list.ts';
import { inspectLayout } from './findings/inspect-layout.ts';
import { HashedByMount, type HashedFiles } from './hashed-files.ts';
import type { InspectDepth, InspectedPart, Inspection } from './inspection.ts';

export interface InspectLocalOptions extends OpenOptions, InspectDepth {
  /** Undefined: --root is inspected. */
  readonly path: string | undefined;
  /** A repository in it, by its whole name or the end of it; undefined: all of them. */
  readonly within: string | undefined;
}

/** Writes nothing but work files in the cache directory, and what a server of the directory must know of damaged blobs. Throws what openMounts throws. */
export async function inspectLocal(options: InspectLocalOptions): Promise<Inspection> {
  const { path, root, environment, rules, sharedBlobs, within } = options;
  const mounts = await openMountsToRead({
    paths: path === undefined ? [] : [path],
    root: path === undefined ? root : undefined,
    environment,
    links: rules.links,
    sharedBlobs,
    log: { ...silentLog, slow: options.log.slow },
  });
  const registry = new Registry({ mounts, log: silentLog, rules: rulesForReading(rules) });
  const hashed = new HashedByMount(options.verify, silentLog);
  try {
    const parts: InspectedPart[] = [];
    if (within === undefined) for (const mount of mounts) parts.push(...(await asAWhole(mount)));
    const layouts: NamedLayout[] = [];
    for await (const layout of registry.layouts()) if (isMeant(layout, within)) layouts.push(layout);
    layouts.sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const layout of layouts) {
      const opened = mounts.find((each) => each.reader === layout.mount.reader);
      parts.push(await inspected(layout, opened, await hashed.of(opened), options));
    }
    return { source: path ?? root, parts };
  } finally {
    await hashed.close();
    await registry.close();
  }
}

function isMeant({ name }: NamedLayout, within: string | undefined): boolean {
  return within === undefined || name === within || name.endsWith(`/${within}`) || within.startsWith(`${name}/`);
}

async function inspected(
  { name, layout, mount, prefix }: NamedLayout,
  opened: OpenedMount | undefined,
  hashed: HashedFiles,
  { rules, verify, progress }: InspectLocalOptions,
): Promise<InspectedPart> {
  const files = opened === undefined || opened.kind === 'archive' ? undefined : new DirectoryListing(opened.path);
  const reconcile = async () => (await layout.planReconcile())?.changes ?? [];
  const remembered = async () =>
    (await layout.remembered()).map((each) => ({ name: each.name, digest: each.digest, detail: each.takenAt }));
  const given = { store: mount.reader, prefix, name, rules, files, reconcile, remembered, verify, progress, hashed };
  const where = [opened?.path ?? '', prefix].filter((each) => each !== '').join('/');
  return { kind: 'layout', name, where, ...(await inspectLayout(given)) };
}

/** Empty where there is nothing to say: each layout is inspected by itself. */
async function asAWhole({ kind, name, path, archives, problems = [] }: OpenedMount): Promise<readonly InspectedPart[]> {
  const findings = new FindingList();
  if (kind === 'archive') findArchiveProblems(problems, findings);
  else await findDirectories(new DirectoryListing(path), findings, { isNamed: name !== '', nowMs: Date.now() });
  findUnserved(archives?.unserved ?? [], findings);
  const groups = findings.groups();
  return groups.length === 0
    ? []
    : [
        {
          kind: kind === 'archive' ? kind : 'root',
          name: '',
          where: path,
          entries: undefined,
          dialects: [],
          findings: groups,
        },
      ];
}
