// The mark in `.moorage/`: which form its files have, and how the root began.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesOf, key } from '../../../contract/store-under-test.ts';
import { newDirectory, readerOnDisk, storeOnDisk } from './store-on-disk.ts';

const atOpen = { served: { ownFiles: 'at-open', minFree: 0 } } as const;
const withFirstWrite = { served: { ownFiles: 'with-first-write', minFree: 0 } } as const;

function markOf(root: string): unknown {
  return JSON.parse(readFileSync(join(root, '.moorage/format'), 'utf8'));
}

describe('the mark of a root', () => {
  it('is laid where a registry begins, and says that moorage created it', async () => {
    const { store, root } = await storeOnDisk({}, atOpen);
    expect(store.origin).toBe('created');
    expect(markOf(root)).toEqual({ moorage: 'files', form: 1, origin: 'created' });
    await store.write(key('team/app/index.json'), bytesOf('{}'));
    const again = await storeOnDisk({}, atOpen, root);
    expect(again.store.origin).toBe('created');
  });

  it('counts a new volume as empty', async () => {
    const root = newDirectory();
    mkdirSync(join(root, 'lost+found'));
    mkdirSync(join(root, '.snapshots'));
    expect((await storeOnDisk({}, atOpen, root)).store.origin).toBe('created');
  });

  it('says that there were files of others', async () => {
    const root = newDirectory();
    mkdirSync(join(root, 'images'));
    expect((await storeOnDisk({}, atOpen, root)).store.origin).toBe('adopted');
    rmSync(join(root, 'images'), { recursive: true });
    expect((await storeOnDisk({}, atOpen, root)).store.origin).toBe('adopted');
  });

  it('is laid with the first write where nothing is written before', async () => {
    const root = newDirectory();
    mkdirSync(join(root, 'images'));
    const { store } = await storeOnDisk({}, withFirstWrite, root);
    expect(existsSync(join(root, '.moorage'))).toBe(false);
    await store.write(key('images/a'), bytesOf('x'));
    expect(markOf(root)).toMatchObject({ origin: 'adopted' });
  });

  it('carries over the root of a version that laid none', async () => {
    const { store, root } = await storeOnDisk({}, atOpen);
    await store.write(key('team/app/index.json'), bytesOf('{}'));
    await store.close();
    rmSync(join(root, '.moorage/format'));
    const upgraded = await storeOnDisk({}, atOpen, root);
    expect(upgraded.store.origin).toBe('earlier');
    expect(markOf(root)).toMatchObject({ form: 1, origin: 'earlier' });
    expect((await storeOnDisk({}, atOpen, root)).store.origin).toBe('earlier');
  });

  it('comes back where somebody removed .moorage while it was served', async () => {
    const { store, root } = await storeOnDisk({}, atOpen);
    await store.write(key('team/a'), bytesOf('x'));
    rmSync(join(root, '.moorage'), { recursive: true });
    // A write that follows within the same millisecond finds out afterwards, and the next one lays it.
    await store.write(key('team/b'), bytesOf('x'));
    await store.write(key('team/c'), bytesOf('x'));
    expect(markOf(root)).toMatchObject({ origin: 'created' });
  });

  it.each(['', '{', '[]', 'null', '{"moorage":"files"}', '{"form":"1","moorage":"files"}', '{'.repeat(10_000)])(
    'that is damaged (%j) is the mark of an earlier version',
    async (text) => {
      const { store, root } = await storeOnDisk({}, atOpen);
      await store.close();
      writeFileSync(join(root, '.moorage/format'), text);
      const opened = await storeOnDisk({}, atOpen, root);
      expect(opened.store.origin).toBe('earlier');
      expect(markOf(root)).toMatchObject({ form: 1, origin: 'earlier' });
    },
  );

  it('of a later version is refused in one line, and nothing is written', async () => {
    const { store, root } = await storeOnDisk({}, atOpen);
    await store.close();
    const later = '{"moorage":"files","form":2,"origin":"created"}\n';
    writeFileSync(join(root, '.moorage/format'), later);
    const refusal = {
      failure: 'unsafe',
      message: expect.stringMatching(
        /^the files in .*\.moorage were written by a later version of moorage \(form 2, this one knows 1\); use that version$/,
      ),
    };
    await expect(storeOnDisk({}, atOpen, root)).rejects.toMatchObject(refusal);
    await expect(storeOnDisk({}, withFirstWrite, root)).rejects.toMatchObject(refusal);
    await expect(readerOnDisk({}, root)).rejects.toMatchObject(refusal);
    expect(readFileSync(join(root, '.moorage/format'), 'utf8')).toBe(later);
  });
});
