// Promises about `update`, the one concurrency primitive.
import { describe, expect, test } from 'vitest';
import type { Change, ObjectStore, VersionLabel } from '../../src/storage/object-store.ts';
import { addLine, bytesOf, key, megabyte, replaceBy, textAt, textOf, updateAndClose } from './store-under-test.ts';

const index = key('team/app/index.json');
const journal = key('.moorage/journal/team/app/.journal');

export function updatesContract(store: () => ObjectStore, another: () => Promise<ObjectStore>): void {
  describe('update', () => {
    test('creates what is absent and says so to `change`', async () => {
      let seen: unknown = 'not called';
      const updated = await store().update(index, async (now) => {
        seen = now;
        return { bytes: bytesOf('new'), first: [], record: () => [], note: () => [], remove: [] };
      });
      expect(seen).toBeUndefined();
      expect(updated.replaced).toBe(true);
      expect(updated.previous).toBeUndefined();
      expect(await textAt(store(), index)).toBe('new');
    });

    test('returns the info that the next stat and read give: settled, with another version each time', async () => {
      const versions = new Set<string>();
      for (let i = 0; i < 10; i += 1) {
        const updated = await updateAndClose(store(), index, replaceBy('same'));
        const stat = await store().stat(index);
        expect(updated.info?.version).toBe(stat?.version);
        expect(updated.info?.label).toBe(stat?.label);
        expect(updated.info?.settled).toBe(true);
        expect((await store().read(index, 10))?.info.settled).toBe(true);
        versions.add(stat?.version ?? 'absent');
      }
      expect(versions.size).toBe(10);
    });

    test('gives `change` the info and the bytes of what is there', async () => {
      const written = await store().write(index, bytesOf('old'));
      await updateAndClose(store(), index, async (now) => {
        expect(now?.info.version).toBe(written.version);
        const object = await now?.read(megabyte);
        expect(textOf(object?.bytes)).toBe('old');
        expect(object?.info.version).toBe(written.version);
        return { bytes: bytesOf('new'), first: [], record: () => [], note: () => [], remove: [] };
      });
      expect(await textAt(store(), index)).toBe('new');
    });

    test('gives `change` nothing that is larger than it can take', async () => {
      await store().write(index, bytesOf('four'));
      const update = store().update(index, async (now) => {
        await now?.read(3);
        throw new Error('it was read');
      });
      await expect(update).rejects.toMatchObject({ failure: 'too-large' });
      expect(await textAt(store(), index)).toBe('four');
    });

    test('a change that wants nothing leaves everything as it is', async () => {
      const written = await store().write(index, bytesOf('old'));
      const updated = await store().update(index, async () => undefined);
      expect(updated).toMatchObject({ replaced: false, previous: undefined });
      expect(updated.info?.version).toBe(written.version);
      expect((await store().stat(index))?.version).toBe(written.version);
      expect(await store().update(key('absent/index.json'), async () => undefined)).toMatchObject({ info: undefined });
      expect(await store().list(key(''))).toEqual([{ name: 'team', kind: 'prefix' }]);
    });

    test('a change that throws ends the update with its own error and changes nothing', async () => {
      const problem = new RangeError('from change');
      await expect(
        store().update(index, async () => {
          throw problem;
        }),
      ).rejects.toBe(problem);
      expect(await store().stat(index)).toBeUndefined();
      expect(await store().list(key(''))).toEqual([]);
      await updateAndClose(store(), index, replaceBy('next'));
      expect(await textAt(store(), index)).toBe('next');
    });

    test('objects named `first` are there before the replacement, and right ones are kept', async () => {
      const right = key('team/app/blobs/sha256/right');
      const wrong = key('team/app/blobs/sha256/wrong');
      const missing = key('team/app/blobs/sha256/missing');
      const kept = await store().write(right, bytesOf('right'));
      await store().write(wrong, bytesOf('wRONG'));
      const first = [right, wrong, missing].map((each) => ({ key: each, bytes: bytesOf(each.slice(22)) }));
      await updateAndClose(store(), index, async () => ({
        bytes: bytesOf('new'),
        first,
        record: () => [],
        note: () => [],
        remove: [],
      }));
      expect((await store().stat(right))?.version).toBe(kept.version);
      expect(await textAt(store(), wrong)).toBe('wrong');
      expect(await textAt(store(), missing)).toBe('missing');
    });

    test('records are appended before the replacement, and name the label that it then has', async () => {
      const labels: VersionLabel[] = [];
      for (let i = 0; i < 3; i += 1) {
        const updated = await updateAndClose(store(), index, async () => ({
          bytes: bytesOf(String(i)),
          first: [],
          record: (label) => [{ key: journal, bytes: bytesOf(`${label}\n`) }],
          note: () => [],
          remove: [],
        }));
        expect((await store().stat(index))?.label).toBe(updated.info?.label);
        if (updated.info !== undefined) labels.push(updated.info.label);
      }
      expect(await textAt(store(), journal)).toBe(labels.map((label) => `${label}\n`).join(''));
    });

    test('what is to be removed goes after the replacement, and may be gone already', async () => {
      const manifest = key('team/app/blobs/sha256/manifest');
      await store().write(manifest, bytesOf('{}'));
      const removing: Change = async () => ({
        bytes: bytesOf('new'),
        first: [],
        record: () => [],
        note: () => [],
        remove: [{ key: manifest, keepAs: undefined }],
      });
      for (let i = 0; i < 2; i += 1) {
        await updateAndClose(store(), index, removing);
        expect(await store().stat(manifest)).toBeUndefined();
      }
    });

    test('what is to be kept is under its other key then, and one that is there stays', async () => {
      const [manifest, kept] = [key('team/app/blobs/sha256/manifest'), key('.moorage/kept/team/app/manifest')];
      for (const text of ['{}', '{ }']) {
        await store().write(manifest, bytesOf(text));
        const remove = [{ key: manifest, keepAs: kept }];
        const change: Change = async () => ({
          bytes: bytesOf(text),
          first: [],
          record: () => [],
          note: () => [],
          remove,
        });
        const { problem } = await updateAndClose(store(), index, change);
        expect([problem, await store().stat(manifest), await textAt(store(), kept)]).toEqual([
          undefined,
          undefined,
          '{}',
        ]);
      }
    });

    test('a note is appended after the replacement, and nothing fails for it', async () => {
      const note = (label: VersionLabel) => [{ key: journal, bytes: bytesOf(`${label}\n`) }];
      const noting: Change = async () => ({ bytes: bytesOf('new'), first: [], record: () => [], note, remove: [] });
      const { info, problem } = await updateAndClose(store(), index, noting);
      expect([problem, await textAt(store(), journal)]).toEqual([undefined, `${info?.label}\n`]);
      const failing: Change = async () => ({
        bytes: bytesOf('newer'),
        first: [],
        record: () => [],
        note: () => {
          throw new Error('no');
        },
        remove: [],
      });
      const failed = await updateAndClose(store(), index, failing);
      expect([failed.replaced, String(failed.problem)]).toEqual([true, 'Error: no']);
      expect(await textAt(store(), index)).toBe('newer');
    });

    test('what was replaced can be asked for changes until it is closed', async () => {
      const { previous: nothing } = await store().update(index, replaceBy('one'));
      expect(nothing).toBeUndefined();
      const { previous } = await store().update(index, replaceBy('two'));
      expect(await previous?.readIfChanged(megabyte)).toBeUndefined();
      await previous?.close();
      await previous?.close();
    });

    test('a `write` between look and replacement runs the change again', async () => {
      await store().write(index, bytesOf('a'));
      let runs = 0;
      const updated = await updateAndClose(store(), index, async (now) => {
        const before = textOf((await now?.read(megabyte))?.bytes);
        runs += 1;
        if (runs === 1) await store().write(index, bytesOf('foreign'));
        return { bytes: bytesOf(`${before}+ours`), first: [], record: () => [], note: () => [], remove: [] };
      });
      expect(runs).toBe(2);
      expect(updated.replaced).toBe(true);
      expect(await textAt(store(), index)).toBe('foreign+ours');
    });

    test('an object that appears between look and creation is not overwritten', async () => {
      let runs = 0;
      await updateAndClose(store(), index, async (now) => {
        runs += 1;
        if (runs === 1) await store().write(index, bytesOf('foreign'));
        const before = now === undefined ? '' : textOf((await now.read(megabyte)).bytes);
        return { bytes: bytesOf(`${before}+ours`), first: [], record: () => [], note: () => [], remove: [] };
      });
      expect(await textAt(store(), index)).toBe('foreign+ours');
    });

    test('an object that vanishes between look and read runs the change again', async () => {
      await store().write(index, bytesOf('old'));
      let runs = 0;
      await updateAndClose(store(), index, async (now) => {
        runs += 1;
        if (runs === 1) await store().delete(index);
        const before = now === undefined ? 'absent' : textOf((await now.read(megabyte)).bytes);
        return { bytes: bytesOf(`${before}+ours`), first: [], record: () => [], note: () => [], remove: [] };
      });
      expect(await textAt(store(), index)).toBe('absent+ours');
    });

    test('an object that changes before each replacement ends in `unavailable`', async () => {
      await store().write(index, bytesOf('0'));
      let runs = 0;
      const update = store().update(index, async (now) => {
        await now?.read(megabyte);
        runs += 1;
        await store().write(index, bytesOf(String(runs)));
        return { bytes: bytesOf('ours'), first: [], record: () => [], note: () => [], remove: [] };
      });
      await expect(update).rejects.toMatchObject({ failure: 'unavailable' });
      expect(await textAt(store(), index)).toBe(String(runs));
    });

    test('of 60 concurrent updates all take effect, in the order they were asked for', async () => {
      const names = Array.from({ length: 60 }, (_, i) => `tag-${i}`);
      await Promise.all(names.map((name) => updateAndClose(store(), index, addLine(name))));
      expect(await textAt(store(), index)).toBe(names.map((name) => `${name}\n`).join(''));
    });

    test('of concurrent updates through two instances all take effect', async () => {
      const stores = [store(), await another()];
      const names = Array.from({ length: 40 }, (_, i) => `tag-${i}`);
      await Promise.all(names.map((name, i) => updateAndClose(stores[i % 2] ?? store(), index, addLine(name))));
      const lines = (await textAt(store(), index))?.trimEnd().split('\n') ?? [];
      expect([...lines].sort()).toEqual([...names].sort());
    });

    test('updates of different keys do not wait for each other', async () => {
      let release: () => void = () => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      const slow = updateAndClose(store(), key('slow/index.json'), async () => {
        await gate;
        return { bytes: bytesOf('slow'), first: [], record: () => [], note: () => [], remove: [] };
      });
      await updateAndClose(store(), index, replaceBy('fast'));
      release();
      await slow;
      expect(await textAt(store(), key('slow/index.json'))).toBe('slow');
    });
  });
}
