// An export from start to end: what was named is looked up, and written as an archive or as a directory.

import type { Digest } from '../oci/digest.ts';
import { algorithmOf } from '../oci/digest.ts';
import type { LayoutRules } from '../registry/layout-rules.ts';
import type { Log } from '../storage/log.ts';
import { CopyError } from './copy-error.ts';
import { type ArchiveTarget, exportArchive } from './export-archive.ts';
import { collectContent, type ExportRequest } from './export-content.ts';
import { exportDirectory } from './export-directory.ts';
import { engineNameOf } from './export-index.ts';
import type { Platform } from './export-platform.ts';
import { type ExportProfile, hasDockerManifest, listsReferrers, usesFullNames } from './export-profile.ts';
import type { ExportTarget } from './export-target.ts';
import { type CopyProgress, CopyTally, type CopyTotals } from './progress.ts';

export interface ExportOptions {
  readonly profile: ExportProfile;
  readonly target: FileTarget;
  /** Undefined: where the profile can list them. */
  readonly referrers: boolean | undefined;
  readonly platform: Platform | undefined;
  /** How a layout that is there is added to. */
  readonly rules: LayoutRules;
  readonly log: Log;
  readonly progress: CopyProgress;
  readonly signal: AbortSignal;
}

/** What is written on this machine. */
export type FileTarget = Extract<ExportTarget, { readonly kind: 'directory' }> | ArchiveTarget;

export interface ExportedName {
  /** As the tools that the profile is for will show it. */
  readonly name: string;
  readonly digest: Digest;
}

export interface ExportReport {
  readonly form: 'archive' | 'directory' | 'registry';
  readonly images: readonly ExportedName[];
  readonly totals: CopyTotals;
  readonly notes: readonly string[];
}

/** Throws CopyError, WrongContentError, StorageError, what the sources throw, and the reason of `signal`. */
export async function exportImages(requests: readonly ExportRequest[], options: ExportOptions): Promise<ExportReport> {
  const { profile, target, rules, log, signal } = options;
  const referrers = options.referrers ?? listsReferrers(profile);
  if (referrers && !listsReferrers(profile)) {
    throw new CopyError('a layout for crane holds exactly one entry, so no referrers; leave --referrers out');
  }
  const tally = new CopyTally(options.progress);
  const note = (text: string) => tally.note(text);
  const content = await collectContent(requests, { referrers, platform: options.platform, note, signal });
  tally.blobsExpected([...content.blobs.values()].filter(({ digest }) => !content.manifests.has(digest)));
  if (
    profile !== 'oci' &&
    [...content.manifests.keys(), ...content.blobs.keys()].some((digest) => algorithmOf(digest) !== 'sha256')
  ) {
    note('there are sha512 digests, which containerd, docker and crane do not read');
  }
  if (
    hasDockerManifest(profile) &&
    content.images.some(({ engineImage, isSignature }) => !isSignature && engineImage === undefined)
  ) {
    note('what is not a container image is in index.json only: engines that read manifest.json do not see it');
  }
  if (profile === 'crane' && target.kind !== 'directory') {
    note('crane push reads a layout in a directory only: unpack the archive there, or export to a directory');
  }
  if (target.kind === 'directory')
    await exportDirectory(content, profile, { path: target.path, rules, log }, { progress: tally, signal });
  else await exportArchive(content, profile, target, { progress: tally, signal });
  return {
    form: target.kind === 'directory' ? 'directory' : 'archive',
    images: content.images
      .filter(({ isSignature }) => !isSignature)
      .map((image) => ({
        name: usesFullNames(profile) ? engineNameOf(image) : (image.tag ?? image.digest),
        digest: image.digest,
      })),
    totals: tally.totals,
    notes: tally.notes,
  };
}
