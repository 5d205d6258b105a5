// Pages of the catalogue: together they are the whole, whatever the names and the mounts, and each costs what it returns.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { pageOf } from '../../../src/registry/page.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../../src/storage/object-store.ts';
import { imageManifest } from '../../support/content.ts';
import { putLayout } from '../../support/fixture-layouts.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { mountOver } from '../../support/mounts.ts';
import { directoryRegistry, registryOver } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';

const { descriptor } = imageManifest({ layers: [] });
const someIndex = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));

async function storeWith(names: Iterable<string>): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const name of names) await putIndex(store, name);
  return store;
}

function putIndex(store: ObjectStore, name: string) {
  return store.write((name === '' ? 'index.json' : `${name}/index.json`) as Key, someIndex);
}

/** All pages, one after the other, as a client goes through them. */
async function pagesOf(registry: Registry, limit: number): Promise<readonly string[]> {
  const names: string[] = [];
  for (let after: string | undefined; ; after = names.at(-1)) {
    const { items, more } = await registry.catalog({ after, limit });
    expect(items.length).toBeLessThanOrEqual(limit);
    names.push(...items);
    if (!more) return names;
    expect(items).toHaveLength(limit);
  }
}

describe('pages of one mount', () => {
  const component = fc.constantFrom('a', 'a-b', 'a.b', 'a_b', 'a0', 'b', 'b--c', 'ab');
  const name = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

  it('hold the whole catalogue in byte order, from wherever one goes on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { maxLength: 30 }),
        name,
        fc.nat({ max: 5 }),
        async (names, after, limit) => {
          const { registry } = registryOver(await storeWith(names));
          const sorted = [...names].sort();
          expect((await registry.catalog({})).items).toEqual(sorted);
          for (const position of [after, `${after}/`, `${after}-`, `${after}/zzz`, 'A', '~']) {
            expect(await registry.catalog({ after: position, limit })).toEqual(
              pageOf(sorted, { after: position, limit }),
            );
          }
          expect(await pagesOf(registry, 3)).toEqual(sorted);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('have the full names inside of layouts at their places between directories', async () => {
    const store = await storeWith(['shelf-2', 'shelf/library/alpine', 'shelf/library', 'shelf/zoo', 'zoo']);
    await putLayout(store, 'shelf', 'generated/linuxkit/cache');
    const { registry } = registryOver(store);
    const { items } = await registry.catalog({});
    expect(items).toContain('shelf/linuxkit/init');
    expect(items).toEqual([...items].sort());
    expect(new Set(items).size).toBe(items.length);
    for (let limit = 1; limit <= items.length; limit += 1) expect(await pagesOf(registry, limit)).toEqual(items);
  });
});

describe('pages of several mounts', () => {
  it('leave out what another mount hides, and take each at its place', async () => {
    const named = async (name: string, names: readonly string[]) =>
      mountOver(await storeWith(names), name === '' ? {} : { name: parseRepositoryName(name) });
    const mounts = [
      await named('team', ['', 'app', 'app-2/x', 'tool/hidden']),
      await named('', ['a', 'team', 'team/app', 'team/hidden', 'team-2', 'tools', 'z']),
      await named('team/tool', ['', 'x']),
      await named('archive', ['']),
    ];
    const registry = new Registry({ mounts, log: silentLog, rules: defaultRules });
    onTestFinished(() => registry.close());
    const expected = [
      ...['a', 'archive', 'team', 'team-2', 'team/app', 'team/app-2/x', 'team/tool', 'team/tool/x', 'tools', 'z'],
    ];
    expect((await registry.catalog({})).items).toEqual(expected);
    for (let limit = 1; limit <= expected.length; limit += 1) expect(await pagesOf(registry, limit)).toEqual(expected);
    for (const after of ['', 'team', 'team/', 'team/tool', 'team/tool/', 'team/u', 'teal', '~']) {
      expect(await registry.catalog({ after, limit: 2 })).toEqual(pageOf(expected as never, { after, limit: 2 }));
    }
  });
});

describe('a page', () => {
  const names = Array.from({ length: 400 }, (_, at) => `app-${String(at).padStart(3, '0')}`);

  it('looks into the directories that it returns, and no others', async () => {
    const hooked = interleaving(await storeWith([...names, ...names.map((name) => `group/${name}`)]));
    const { registry } = registryOver(hooked.store);
    await registry.catalog({ limit: 1 });
    for (const after of [undefined, 'app-200', 'group/app-100', 'group/app-395']) {
      const lists = hooked.count('list');
      const reads = hooked.count('read');
      const { items } = await registry.catalog({ after, limit: 10 });
      expect(hooked.count('list') - lists).toBeLessThan(items.length + 8);
      expect(hooked.count('read') - reads).toBeLessThan(items.length + 8);
    }
    const before = hooked.count('list');
    expect(await pagesOf(registry, 10)).toHaveLength(800);
    const paged = hooked.count('list') - before;
    await registry.catalog({});
    expect(paged).toBeLessThan(2 * (hooked.count('list') - before - paged));
  });

  it('shows what other programs made and removed since the page before', async () => {
    const { registry, root } = await directoryRegistry();
    const put = (name: string) => {
      mkdirSync(`${root}/${name}`, { recursive: true });
      writeFileSync(`${root}/${name}/index.json`, someIndex);
    };
    for (const name of names) put(name);
    expect((await registry.catalog({ limit: 2 })).items).toEqual(['app-000', 'app-001']);
    put('app-001/debug');
    put('app-001x');
    rmSync(`${root}/app-002`, { recursive: true });
    rmSync(`${root}/app-003/index.json`);
    expect((await registry.catalog({ after: 'app-001', limit: 3 })).items).toEqual([
      ...['app-001/debug', 'app-001x', 'app-004'],
    ]);
    rmSync(`${root}/app-001x`, { recursive: true });
    put('app-003');
    expect((await registry.catalog({ after: 'app-001', limit: 2 })).items).toEqual(['app-001/debug', 'app-003']);
  });

  it('of nothing is empty, and so is one beyond the end', async () => {
    const { registry } = registryOver(await storeWith(names));
    expect(await registry.catalog({ limit: 0 })).toEqual({ items: [], more: false });
    expect(await registry.catalog({ after: 'app-399', limit: 10 })).toEqual({ items: [], more: false });
  });

  it('is given up when its client has gone', async () => {
    const hooked = interleaving(await storeWith(names));
    const { registry } = registryOver(hooked.store);
    const gone = new AbortController();
    hooked.rightBefore('list', () => gone.abort(new Error('gone')));
    await expect(registry.catalog({ limit: 100 }, undefined, gone.signal)).rejects.toThrow('gone');
    expect(hooked.count('list')).toBeLessThan(4);
  });
});
