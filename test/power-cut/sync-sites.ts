// Where the filesystem driver syncs: each place by the function that it is in, found in the sources and told at run time by who calls.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LayoutRules } from '../../src/registry/layout-rules.ts';
import type { Operation } from '../support/simulated-disk/operations.ts';
import { type Exploration, explore, recorded } from './explore.ts';

const driver = join(dirname(fileURLToPath(import.meta.url)), '../../src/storage/filesystem');

/** Of states at one moment: a sample with each thing lost alone, and everything. */
export const limit = 4;

/** They sync for whoever calls them: that call is the site. */
const forCallers = new Set([
  ...['Directories.sync', 'Directories.#syncOnce', 'DurableFiles.sync', 'StagedFile.#sync'],
  'withTimedSyncs',
]);
/** What no store calls: exports write elsewhere, keys and tokens of users are files of their own, all by calls of their own. */
const elsewhere = new Set(['private-directory.ts', 'published-file.ts', 'system-calls.ts']);

/** By file and line; the name is that of the function, with a number where it syncs more than once. */
const sites: ReadonlyMap<string, string> = sitesInSources();

export const syncSites: readonly string[] = [...new Set(sites.values())];

function sitesInSources(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(driver)) {
    if (elsewhere.has(file)) continue;
    for (const [name, lines] of linesThatSync(readFileSync(join(driver, file), 'utf8'))) {
      for (const [at, line] of lines.entries())
        found.set(`${file}:${line}`, lines.length === 1 ? name : `${name} ${at + 1}`);
    }
  }
  return found;
}

/** By function. As the formatter leaves the sources, functions and classes begin lines, and methods follow two spaces. */
function linesThatSync(source: string): ReadonlyMap<string, readonly number[]> {
  const lines = new Map<string, number[]>();
  let [owner, name] = ['', ''];
  for (const [at, line] of source.split('\n').entries()) {
    const begin = /^(?:export )?(?:class (\w+)|(?:async )?function (\w+))/.exec(line);
    if (begin !== null) [owner, name] = [begin[1] === undefined ? '' : `${begin[1]}.`, begin[2] ?? ''];
    name = /^ {2}(?:async )?(#?\w+)[(<]/.exec(line)?.[1] ?? name;
    const caller = `${owner}${name}`;
    if (/\.(?:fsync|fdatasync|#?sync)\(/.test(line) && !/^ *(?:\/\/|\/?\*)/.test(line) && !forCallers.has(caller))
      lines.set(caller, [...(lines.get(caller) ?? []), at + 1]);
  }
  return lines;
}

/** Of the call that runs now; undefined where another program syncs. */
function siteNow(): string | undefined {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = before;
  for (const [, line = ''] of stack.matchAll(/src\/storage\/filesystem\/([\w-]+\.ts:\d+)/g)) {
    const site = sites.get(line);
    if (site !== undefined) return site;
  }
  if (stack.includes('/src/storage/')) throw new Error(`nobody knows who syncs here: ${stack}`);
  return undefined;
}

export interface SiteScenario {
  readonly operations: readonly Operation[];
  readonly rules?: Partial<LayoutRules>;
  readonly exchanges?: boolean;
}

/** All places that sync while these are done. */
export async function syncSitesOf(scenario: SiteScenario): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const doesSync = () => {
    const site = siteNow();
    if (site !== undefined) found.add(site);
    return true;
  };
  await recorded({ ...scenario, doesSync });
  return found;
}

/** What a power cut may do to a driver that does not sync there. */
export function exploreWithout(site: string, scenario: SiteScenario): Promise<Exploration> {
  return explore({ ...scenario, limit, onlyBetween: true, doesSync: () => siteNow() !== site });
}
