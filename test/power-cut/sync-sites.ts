// Where the filesystem driver syncs: each place by the name of its file and line, told by who calls.

import type { Operation } from '../support/simulated-disk/operations.ts';
import { type Exploration, explore } from './explore.ts';

/** Of the call that runs now; undefined where it does not come from the driver. */
function siteNow(): string | undefined {
  const stack = new Error().stack ?? '';
  return /src\/storage\/(?:filesystem\/)?([\w-]+\.ts:\d+)/.exec(stack)?.[1];
}

/** All places that sync while these are done, in the order in which they come. */
export async function syncSitesOf(operations: readonly Operation[]): Promise<readonly string[]> {
  const sites = new Set<string>();
  const doesSync = () => {
    const site = siteNow();
    if (site !== undefined) sites.add(site);
    return true;
  };
  await explore({ operations, limit: 0, doesSync });
  return [...sites];
}

/** What a power cut may do to a driver that does not sync there. */
export function exploreWithout(site: string, operations: readonly Operation[]): Promise<Exploration> {
  return explore({ operations, limit: 40, doesSync: () => siteNow() !== site });
}
