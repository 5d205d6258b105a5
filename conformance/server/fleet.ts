// The servers of one run: moorage with its defaults, and one more for each setting that a check needs to see.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { warningText } from '../checks/settings.ts';
import type { Variant } from '../registry/registry.ts';
import { type MoorageProcess, startMoorage } from './moorage-process.ts';

/** Directory below the run's own, and settings. The read-only server serves the very root that the first one writes. */
const variants: Readonly<Record<Variant, { readonly root: string; readonly settings: Record<string, string> }>> = {
  warning: { root: 'warning', settings: { MOORAGE_SERVER_WARNING: warningText } },
  'expiring-uploads': { root: 'expiring-uploads', settings: { MOORAGE_UPLOADS_EXPIRE_AFTER: '2s' } },
  'strict-references': { root: 'strict-references', settings: { MOORAGE_MANIFESTS_REQUIRE_REFERENCES: 'true' } },
  'no-deletes': { root: 'no-deletes', settings: { MOORAGE_DELETES_ENABLED: 'false' } },
  'read-only': { root: 'registry', settings: { MOORAGE_SERVER_READ_ONLY: 'true' } },
};

export interface Fleet {
  readonly baseUrl: string;
  readonly variants: Readonly<Record<Variant, string>>;
  /** Stops them all; throws when one did not end by itself with exit code 0. */
  stop(): Promise<void>;
}

/** Starts every server on directories below `directory`, each of so many processes; the same directory again is a restart. */
export async function startFleet(directory: string, workers = 1): Promise<Fleet> {
  const running: MoorageProcess[] = [];
  const start = async (root: string, settings: Record<string, string>): Promise<string> => {
    await mkdir(path.join(directory, root), { recursive: true });
    const server = await startMoorage(path.join(directory, root), {
      ...settings,
      MOORAGE_SERVER_WORKERS: String(workers),
    });
    running.push(server);
    return server.url;
  };
  try {
    const baseUrl = await start('registry', {});
    const urls: [string, string][] = [];
    for (const [name, { root, settings }] of Object.entries(variants)) urls.push([name, await start(root, settings)]);
    return { baseUrl, variants: Object.fromEntries(urls) as Record<Variant, string>, stop: () => stopAll(running) };
  } catch (error) {
    await Promise.all(running.map((server) => server.stop()));
    throw error;
  }
}

async function stopAll(running: readonly MoorageProcess[]): Promise<void> {
  const codes = await Promise.all(running.map((server) => server.stop()));
  const bad = codes.filter((code) => code !== 0);
  if (bad.length > 0) throw new Error(`a server did not stop with exit code 0 on SIGTERM, but ${bad.join(', ')}`);
}
