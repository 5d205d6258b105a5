// The inspection of one layout of a running server, by what is open already: for a person who waits, and so for some seconds at most.
import { mountedAt } from '../mounts/opened-mount.ts';
import type { LayoutRules } from '../registry/layout-rules.ts';
import type { NamedLayout } from '../registry/named-layout.ts';
import { DirectoryListing } from '../storage/filesystem/directory-listing.ts';
import { type FindingGroup, FindingList } from './findings/finding-list.ts';
import { inspectLayout } from './findings/inspect-layout.ts';
import { HashedFiles } from './hashed-files.ts';
import { TimeLimitedReader, TimeOverError } from './time-limited-reader.ts';

export interface ServedInspection {
  /** A path of this machine, of a directory or of the archive that it is in; undefined for what is in memory. */
  readonly where: string | undefined;
  readonly findings: readonly FindingGroup[];
  /** False: the time was over before everything was looked at. */
  readonly isWhole: boolean;
}

/** Reads no blob but manifests, and leaves out what a reconcile would change: a server does that by itself. */
export async function inspectServed(
  { name, layout, mount, prefix }: NamedLayout,
  rules: LayoutRules,
  mostMs: number,
): Promise<ServedInspection> {
  const opened = mountedAt(mount);
  const path = opened?.path ?? '';
  const findings = new FindingList();
  const isDirectory = path !== '' && opened?.kind !== 'archive';
  const hashed = opened === undefined ? HashedFiles.forgetful() : await HashedFiles.known(opened);
  const remembered = async () =>
    (await layout.remembered()).map((each) => ({ name: each.name, digest: each.digest, detail: each.takenAt }));
  const store = new TimeLimitedReader(mount.reader, performance.now() + mostMs);
  const files = isDirectory ? new DirectoryListing(path) : undefined;
  const reconcile = async () => [];
  let isWhole = true;
  try {
    await inspectLayout({ store, prefix, name, rules, files, reconcile, remembered, verify: false, hashed, findings });
  } catch (error) {
    if (!(error instanceof TimeOverError)) throw error;
    isWhole = false;
  } finally {
    await hashed.close();
  }
  const where = path === '' ? undefined : [path, prefix].filter((part) => part !== '').join('/');
  return { where, findings: findings.groups(), isWhole };
}
