// Opens what a command works on that changes layouts: the registry of --root, one of its repositories, or directories that are named.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Environment } from '../config/environment.ts';
import { layoutRulesOf, type Settings } from '../config/schema.ts';
import { commandDeskOf } from '../events-of.ts';
import { openMounts } from '../mounts/open-mounts.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { userCacheDirectory } from '../mounts/work-directory.ts';
import { rulesForCommand } from '../registry/layout-rules.ts';
import { Registry } from '../registry/registry.ts';
import type { JournalPlace } from './journal-place.ts';
import { warningsOnly } from './open-options.ts';

export interface CommandRegistryOptions {
  /** The directory of the registry that names are looked for in. */
  readonly root: string;
  /** For a dry run: nothing is written, no lock is taken, and nothing healed. */
  readonly readOnly: boolean;
  readonly settings: Settings;
  readonly environment: Environment;
}

export interface CommandRegistry {
  /** Whoever got it closes it. */
  readonly registry: Registry;
  readonly mounts: readonly OpenedMount[];
  /** The repository that is meant, or what the names of all that are begin with; '' for everything. */
  readonly within: string;
}

/** What lies in the directory of a registry is opened as a part of that registry. Throws what failureOf explains. */
export async function openPlace(
  { root, within }: JournalPlace,
  { root: ownRoot, settings, environment, readOnly }: CommandRegistryOptions,
): Promise<CommandRegistry> {
  const rules = rulesForCommand(layoutRulesOf(settings));
  // What is not there yet must not be made by a command that finds nothing to do.
  const isOwnRoot = resolve(root) === resolve(ownRoot) && existsSync(root);
  const mounts = await openMounts({
    paths: isOwnRoot ? [] : [root],
    root: isOwnRoot ? root : undefined,
    onlyLayouts: true,
    ownFiles: 'with-first-write',
    readOnly,
    cacheDirectory: userCacheDirectory(environment),
    fileMode: settings.storage.fileMode,
    directoryMode: settings.storage.directoryMode,
    minFree: settings.storage.minFree,
    links: rules.links,
    collectsForeign: settings.gc.foreign,
    log: warningsOnly,
  });
  return {
    registry: new Registry({ mounts, log: warningsOnly, rules, desk: commandDeskOf(settings, warningsOnly) }),
    mounts,
    within,
  };
}

/** True for a repository that is meant: `prefix` is where it lies. */
export function isWithin(prefix: string, within: string): boolean {
  return within === '' || prefix === within || prefix.startsWith(`${within}/`);
}
