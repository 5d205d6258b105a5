// Promises about `exclusively`, which keeps updates out, and about `move`.
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { bytesOf, key, replaceBy, textAt, updateAndClose } from './store-under-test.ts';

const index = key('team/app/index.json');
const blob = key('team/app/blobs/sha256/aa');
const kept = key('.moorage/trash/aa');

export function exclusiveContract(store: () => ObjectStore, another: () => Promise<ObjectStore>): void {
  describe('exclusively', () => {
    test('waits for the update that runs, and keeps out the next one, of this store and of another', async () => {
      await updateAndClose(store(), index, replaceBy('first'));
      const other = await another();
      const events: string[] = [];
      let release: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let begun: () => void = () => {};
      const isUpdating = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const update = updateAndClose(store(), index, async (now) => {
        begun();
        await held;
        events.push('update');
        return replaceBy('second')(now);
      });
      await isUpdating;
      const exclusive = store().exclusively(index, async (isOurs) => {
        events.push('begun');
        const later = updateAndClose(other, index, async (now) => {
          events.push('later');
          return replaceBy('third')(now);
        });
        await Promise.race([later, new Promise((resolve) => setTimeout(resolve, 50))]);
        events.push('ended');
        expect(isOurs()).toBe(true);
        return { later };
      });
      release();
      await update;
      await (await exclusive)?.later;
      expect(events.filter((event) => event !== 'later')).toEqual(['update', 'begun', 'ended']);
      expect(events.at(-1)).toBe('later');
      expect(await textAt(store(), index)).toBe('third');
    });

    test('is not run where there is no such prefix, and makes none', async () => {
      const ran = await store().exclusively(key('never/was/index.json'), async () => 'ran');
      expect(ran).toBeUndefined();
      expect(await store().list(key(''))).toEqual([]);
    });

    test('lets objects beside the key be read, moved and deleted, and passes on what is thrown', async () => {
      await store().write(index, bytesOf('index'));
      await store().write(blob, bytesOf('blob'));
      const result = await store().exclusively(index, async () => {
        expect(await store().stat(blob)).toBeDefined();
        expect(await store().move(blob, kept)).toBe(true);
        return store().delete(kept);
      });
      expect(result).toBe(true);
      const problem = new RangeError('from work');
      const failing = store().exclusively(index, async () => {
        throw problem;
      });
      await expect(failing).rejects.toBe(problem);
      expect(await store().exclusively(index, async () => 'again')).toBe('again');
    });
  });

  describe('move', () => {
    test('the object is under the other key, the same one', async () => {
      const written = await store().write(blob, bytesOf('blob'));
      expect(await store().move(blob, kept)).toBe(true);
      expect(await store().stat(blob)).toBeUndefined();
      expect(await textAt(store(), kept)).toBe('blob');
      expect((await store().stat(kept))?.label).toBe(written.label);
    });

    test('replaces nothing, and says so', async () => {
      expect(await store().move(blob, kept)).toBe(false);
      await store().write(blob, bytesOf('one'));
      await store().write(kept, bytesOf('other'));
      expect(await store().move(blob, kept)).toBe(false);
      expect(await textAt(store(), blob)).toBe('one');
      expect(await textAt(store(), kept)).toBe('other');
    });

    test('changes when the object last changed, as a link and a delete of another key do; not when it was modified', async () => {
      await store().write(blob, bytesOf('blob'));
      for (const change of [
        () => store().link(blob, kept),
        () => store().delete(kept),
        () => store().move(blob, kept),
        () => store().move(kept, blob),
      ]) {
        const before = await store().stat(blob);
        await new Promise((resolve) => setTimeout(resolve, 15));
        expect(await change()).toBe(true);
        const after = (await store().stat(blob)) ?? (await store().stat(kept));
        expect(after?.modifiedAtMs).toBe(before?.modifiedAtMs ?? after?.modifiedAtMs);
        expect(after?.changedAtMs).toBeGreaterThan(before?.changedAtMs ?? 0);
      }
    });
  });
}
