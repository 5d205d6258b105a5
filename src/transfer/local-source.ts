// Opens what lies on this machine as an ImageSource: roots of layouts, layouts, and archives of them.

import { type LayoutRules, rulesForReading } from '../registry/layout-rules.ts';
import { Registry } from '../registry/registry.ts';
import type { Log } from '../storage/log.ts';
import { openMountsToRead } from './mounts-to-read.ts';
import { RegistrySource } from './registry-source.ts';

export interface LocalSourceOptions {
  /** The registry's own directory, opened beside the paths; undefined: only the paths. */
  readonly root: string | undefined;
  /** HOME and XDG_CACHE_HOME: work files go to the user's cache directory. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The same here as by `serve`. */
  readonly rules: LayoutRules;
  /** `--shared-blobs`: where layouts have their blobs; undefined: each has its own. */
  readonly sharedBlobs?: string | undefined;
  readonly log: Log;
  /** What it is, for messages; unless given, the paths. */
  readonly description?: string;
}

/**
 * Named and read as `serve --read-only` does it, so that a person sees what would be served: nothing is written but work files in
 * the cache directory. Throws MountArgumentError, StorageError or the system's error for what cannot be opened.
 */
export async function openLocalSource(paths: readonly string[], options: LocalSourceOptions): Promise<RegistrySource> {
  const { root, environment, rules, sharedBlobs, log } = options;
  const mounts = await openMountsToRead({ paths, root, environment, links: rules.links, sharedBlobs, log });
  const { description = [...(root === undefined ? [] : [root]), ...paths].join(', ') } = options;
  return new RegistrySource(new Registry({ mounts, log, rules: rulesForReading(rules) }), description);
}
