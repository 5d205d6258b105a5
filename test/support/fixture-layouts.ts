// Layouts of other tools, from test/fixtures, put into a store under a repository's name.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Key, ObjectStore } from '../../src/storage/object-store.ts';

const layouts = fileURLToPath(new URL('../fixtures/layouts', import.meta.url));

/** Files by their path within the layout. */
export function filesOfLayout(fixture: string): ReadonlyMap<string, Buffer> {
  const directory = `${layouts}/${fixture}`;
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => `${parentPath}/${name}`.slice(directory.length + 1));
  const files = new Map(paths.map((path) => [path, readFileSync(`${directory}/${path}`)]));
  const shared = files.get('blobs.json');
  if (shared === undefined) return files;
  files.delete('blobs.json');
  for (const digest of JSON.parse(shared.toString()) as string[]) {
    const path = `blobs/${digest.replace(':', '/')}`;
    files.set(path, readFileSync(`${layouts}/generated/${path}`));
  }
  return files;
}

export async function putLayout(store: ObjectStore, name: string, fixture: string): Promise<void> {
  const files = [...filesOfLayout(fixture)];
  // The index last, as every tool does it.
  files.sort(([one], [other]) => Number(one === 'index.json') - Number(other === 'index.json'));
  for (const [path, bytes] of files) await store.write(`${name}/${path}` as Key, bytes);
}
