// What only reads builds nothing that writes or heals: every such class throws here as soon as it is made.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { runExport } from '../../src/cli/export.ts';
import { inspect } from '../../src/cli/inspect.ts';
import { ls } from '../../src/cli/ls.ts';
import { openOptions } from '../../src/cli/open-options.ts';
import { tree } from '../../src/cli/tree.ts';
import { createRegistry } from '../../src/index.ts';
import { writeLayout } from '../support/fixture-layouts.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const neverMade = vi.hoisted(() => (name: string) => ({
  [name]: class {
    constructor() {
      throw new Error(`${name} was made`);
    }
  },
}));

vi.mock('../../src/layout/blobs/blob-writer.ts', () => neverMade('BlobWriter'));
vi.mock('../../src/layout/changes/layout-changes.ts', () => neverMade('LayoutChanges'));
vi.mock('../../src/layout/changes/index-transaction.ts', () => neverMade('IndexTransactions'));
vi.mock('../../src/layout/changes/index-writer.ts', () => neverMade('IndexWriter'));
vi.mock('../../src/layout/changes/quiet-reconcile.ts', () => neverMade('QuietReconcile'));
vi.mock('../../src/layout/changes/writing-process.ts', () => ({
  newWritingProcess: () => {
    throw new Error('what writing layouts share was made');
  },
}));
vi.mock('../../src/layout/healing/foreign-watch.ts', () => neverMade('ForeignWatch'));
vi.mock('../../src/layout/healing/index-guard.ts', () => neverMade('IndexGuard'));
vi.mock('../../src/layout/healing/journal.ts', () => neverMade('Journal'));
vi.mock('../../src/layout/healing/lost-files.ts', () => neverMade('LostFiles'));
vi.mock('../../src/registry/upkeep.ts', () => neverMade('Upkeep'));
vi.mock('../../src/registry/upload-sessions.ts', () => neverMade('UploadSessions'));

const fixture = 'recorded/oras/tagged';
const output = { json: false, quiet: false, truncated: false };

/** A root with one repository, and an archive of the same layout. */
async function machine() {
  const directory = await temporaryDirectory();
  const at = (path: string) => join(directory, path);
  for (const path of ['root/app', 'app']) {
    mkdirSync(at(path), { recursive: true });
    writeLayout(at(path), fixture);
  }
  execFileSync('tar', ['-cf', at('app.tar'), '-C', at('app'), '.']);
  const environment = { HOME: directory, XDG_CACHE_HOME: at('cache') };
  const options = await openOptions({ root: at('root') }, environment);
  return { at, options, environment };
}

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return () => vi.restoreAllMocks();
});

describe.each(['app.tar', 'root', 'app'])('of %s', (path) => {
  it('ls', async () => {
    const { at, options } = await machine();
    expect(await ls(at(path), { ...options, ...output })).toBe(0);
  });

  it('inspect, every blob included', async () => {
    const { at, options } = await machine();
    const rules = { ...options.rules, scan: 'lazy' } as const;
    expect(await inspect(at(path), { ...options, rules, verify: true, json: true })).toBeOneOf([0, 1]);
  });

  it('tree and export', async () => {
    const { at, options, environment } = await machine();
    const image = path === 'root' ? `${at(path)}/app` : at(path);
    const { tags } = await taggedIn(at(path));
    const reference = `${image}:${tags[0]}`;
    await tree(reference, { ...options, ...output });
    const how = { referrers: undefined, platform: undefined, allTags: false, name: undefined, json: false };
    const profile = 'oci' as const;
    expect(await runExport([reference, at('out.tar')], { ...options, ...how, environment, profile })).toBe(0);
  });

  it('a server that takes no pushes', async () => {
    const { at } = await machine();
    expect((await taggedIn(at(path))).tags).not.toEqual([]);
  });
});

it('the same classes are made where pushes are taken', async () => {
  await expect(createRegistry()).rejects.toThrow('was made');
});

/** What a read-only server answers. */
async function taggedIn(path: string): Promise<{ readonly tags: readonly string[] }> {
  const registry = await createRegistry({ paths: [path], readOnly: true });
  try {
    const { repositories } = (await registry.inject('/v2/_catalog')).json() as { readonly repositories: string[] };
    return (await registry.inject(`/v2/${repositories[0]}/tags/list`)).json();
  } finally {
    await registry.close();
  }
}
