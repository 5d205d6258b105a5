// Files that come with the package, read whole: they are few and small.
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * All that lies beside one of them, by name; `#page/index.html` by the package's own name for it (`imports` in package.json). Empty where they
 * were not built.
 */
export async function packagedFiles(one: `#${string}`): Promise<ReadonlyMap<string, Uint8Array>> {
  const directory = directoryOf(one);
  if (directory === undefined) return new Map();
  const names = await readdir(directory);
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name))] as const)));
}

function directoryOf(one: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(one));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
