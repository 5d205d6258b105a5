// Layouts of other tools, from test/fixtures: put into a store under a repository's name, or written to a directory as they were.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Key, ObjectStore } from '../../src/storage/object-store.ts';
import { projectFile } from '../interop/project-files.ts';

const layouts = projectFile('test/fixtures/layouts');
const sharedBlobs = 'blobs.json';
const emptyDirectories = 'directories.json';

/** Every layout of the fixtures, as the functions below take its name. */
export function fixtureNames(): readonly string[] {
  const files = readdirSync(layouts, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('/index.json'),
  );
  return files.map((path) => dirname(path)).sort();
}

/** Files by their path within the layout. */
export function filesOfLayout(fixture: string): ReadonlyMap<string, Buffer> {
  const directory = `${layouts}/${fixture}`;
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => `${parentPath}/${name}`.slice(directory.length + 1));
  const files = new Map(paths.map((path) => [path, readFileSync(`${directory}/${path}`)]));
  files.delete(emptyDirectories);
  const shared = files.get(sharedBlobs);
  if (shared === undefined) return files;
  files.delete(sharedBlobs);
  for (const digest of JSON.parse(shared.toString()) as string[]) {
    const path = `blobs/${digest.replace(':', '/')}`;
    files.set(path, readFileSync(`${layouts}/generated/${path}`));
  }
  return files;
}

export async function putLayout(store: ObjectStore, name: string, fixture: string): Promise<void> {
  for (const [path, bytes] of indexLast(fixture)) await store.write(`${name}/${path}` as Key, bytes);
}

/** The layout as the tool left it in a directory, its empty directories included. */
export function writeLayout(directory: string, fixture: string): void {
  for (const path of directoriesOf(fixture)) mkdirSync(`${directory}/${path}`, { recursive: true });
  for (const [path, bytes] of indexLast(fixture)) {
    mkdirSync(dirname(`${directory}/${path}`), { recursive: true });
    writeFileSync(`${directory}/${path}`, bytes);
  }
}

/** As every tool does it: what index.json names is there before it. */
function indexLast(fixture: string): readonly (readonly [path: string, bytes: Buffer])[] {
  const files = [...filesOfLayout(fixture)];
  return files.sort(([one], [other]) => Number(one === 'index.json') - Number(other === 'index.json'));
}

/** Directories that tools leave empty: git keeps none. */
function directoriesOf(fixture: string): readonly string[] {
  try {
    return JSON.parse(readFileSync(`${layouts}/${fixture}/${emptyDirectories}`, 'utf8')) as string[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
