// Promises about unfinished objects: stage, resume, staged, append, truncate, read, setAttributes, commit, discard.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { newUploadId } from '../../src/oci/upload-id.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { appendText, bytesOf, key, noChunks, readAll, stageText, textAt, textOf } from './store-under-test.ts';

const blob = key('team/app/blobs/sha256/aa');

export function stagedContract(store: () => ObjectStore, another: () => Promise<ObjectStore>): void {
  const signal = new AbortController().signal;

  describe('staged objects', () => {
    test('are empty, invisible and listed', async () => {
      const before = Date.now();
      const staged = await store().stage(newUploadId(), { repository: 'team/app' });
      expect(await staged.size()).toBe(0);
      expect(staged.attributes).toEqual({ repository: 'team/app' });
      expect((await readAll(staged)).byteLength).toBe(0);
      const [info, ...others] = await store().staged();
      expect(info?.id).toBe(staged.id);
      expect(info?.modifiedAtMs).toBeGreaterThan(before - 1_000);
      expect(others).toEqual([]);
      expect(await store().list(key(''))).toEqual([]);
    });

    test('an id is given once', async () => {
      const staged = await store().stage(newUploadId(), {});
      await expect(store().stage(staged.id, {})).rejects.toMatchObject({ failure: 'unsafe' });
      expect(await store().resume(staged.id)).toBeDefined();
    });

    test('append adds at the end, tells every chunk in order, and returns the new size', async () => {
      const staged = await store().stage(newUploadId(), {});
      const chunks: string[] = [];
      const onChunk = (chunk: Uint8Array): void => void chunks.push(textOf(chunk) ?? '');
      const source = Readable.from([bytesOf('one'), bytesOf('two')]);
      expect(await staged.append(source, { signal, onChunk })).toBe(6);
      expect(chunks).toEqual(['one', 'two']);
      expect(await appendText(staged, 'three')).toBe(11);
      expect((await readAll(staged)).toString()).toBe('onetwothree');
      expect(await staged.size()).toBe(11);
    });

    test('append begins where it is told, also when whoever had the object before wrote on meanwhile', async () => {
      const staged = await store().stage(newUploadId(), {});
      await appendText(staged, 'one');
      const before = await store().resume(staged.id);
      await appendText(before ?? staged, 'tw');
      const source = Readable.from([bytesOf('twothree')]);
      expect(await staged.append(source, { at: 3, signal, onChunk: noChunks })).toBe(11);
      expect((await readAll(staged)).toString()).toBe('onetwothree');
    });

    test('an empty source appends nothing', async () => {
      const staged = await store().stage(newUploadId(), {});
      expect(await staged.append(Readable.from([]), { signal, onChunk: noChunks })).toBe(0);
      expect(await appendText(staged, 'x')).toBe(1);
      expect(await staged.append(Readable.from([]), { signal, onChunk: noChunks })).toBe(1);
    });

    test('40 MiB in odd chunks arrive as they were sent', async () => {
      const staged = await store().stage(newUploadId(), {});
      const sent = createHash('sha256');
      const told = createHash('sha256');
      const size = 40 * 1024 * 1024;
      const source = Readable.from(oddChunks(size, (chunk) => sent.update(chunk)));
      expect(await staged.append(source, { signal, onChunk: (chunk) => told.update(chunk) })).toBe(size);
      const kept = createHash('sha256');
      for await (const chunk of staged.read()) kept.update(chunk);
      const info = await staged.commit(blob);
      expect(info.size).toBe(size);
      const expected = sent.digest('hex');
      expect(told.digest('hex')).toBe(expected);
      expect(kept.digest('hex')).toBe(expected);
      const open = await store().open(blob);
      const buffer = Buffer.alloc(size);
      await open?.readInto(buffer, 0);
      await open?.close();
      expect(createHash('sha256').update(buffer).digest('hex')).toBe(expected);
    });

    test('survive another opening of the store, and go on at the right byte', async () => {
      const staged = await store().stage(newUploadId(), { repository: 'team/app' });
      await appendText(staged, 'before');
      const reopened = await another();
      expect((await reopened.staged()).map(({ id }) => id)).toEqual([staged.id]);
      const resumed = await reopened.resume(staged.id);
      expect(resumed?.attributes).toEqual({ repository: 'team/app' });
      expect(await resumed?.size()).toBe(6);
      if (resumed !== undefined) await appendText(resumed, '-after');
      expect(await staged.size()).toBe(12);
      await resumed?.commit(blob);
      expect(await textAt(store(), blob)).toBe('before-after');
    });

    test('attributes are replaced as a whole and seen by others', async () => {
      const staged = await store().stage(newUploadId(), { owner: 'a', algorithm: 'sha256' });
      await staged.setAttributes({ owner: 'b' });
      expect(staged.attributes).toEqual({ owner: 'b' });
      expect((await (await another()).resume(staged.id))?.attributes).toEqual({ owner: 'b' });
    });

    test('truncate cuts back, and the next append goes on from there', async () => {
      const staged = await stageText(store(), 'one');
      await appendText(staged, 'two');
      await staged.truncate(3);
      expect(await staged.size()).toBe(3);
      await appendText(staged, 'THREE');
      expect((await readAll(staged)).toString()).toBe('oneTHREE');
      await staged.truncate(8);
      await expect(staged.truncate(9)).rejects.toBeInstanceOf(RangeError);
      await staged.truncate(0);
      expect(await staged.size()).toBe(0);
    });
  });

  describe('an append that fails', () => {
    test('keeps what its source gave before it failed, and throws the failure on', async () => {
      const staged = await stageText(store(), 'zero-');
      const problem = new Error('connection lost');
      const source = Readable.from(failAfter([bytesOf('one-'), bytesOf('two-')], problem));
      await expect(staged.append(source, { signal, onChunk: noChunks })).rejects.toBe(problem);
      expect((await readAll(staged)).toString()).toBe('zero-one-two-');
      expect(await appendText(staged, 'three')).toBe(18);
      await staged.commit(blob);
      expect(await textAt(store(), blob)).toBe('zero-one-two-three');
    });

    test('writes nothing of the chunk that `onChunk` refused, nor after it', async () => {
      const staged = await stageText(store(), 'zero-');
      const problem = new RangeError('more than was declared');
      const onChunk = (chunk: Uint8Array): void => {
        if (textOf(chunk) === 'two-') throw problem;
      };
      const source = Readable.from(['one-', 'two-', 'three-'].map(bytesOf));
      await expect(staged.append(source, { signal, onChunk })).rejects.toBe(problem);
      expect(['zero-', 'zero-one-']).toContain((await readAll(staged)).toString());
    });

    test('lets go when it is told to, though its source hangs', async () => {
      const staged = await stageText(store(), 'zero-');
      const aborting = new AbortController();
      const source = new Readable({ read() {} });
      source.push(bytesOf('one-'));
      const problem = new Error('somebody else takes over');
      const appending = staged.append(source, {
        signal: aborting.signal,
        onChunk: () => setImmediate(() => aborting.abort(problem)),
      });
      await expect(appending).rejects.toBe(problem);
      const size = await staged.size();
      expect([5, 9]).toContain(size);
      expect(await appendText(staged, 'x')).toBe(size + 1);
      source.destroy();
    });

    test('an aborted signal writes nothing', async () => {
      const staged = await store().stage(newUploadId(), {});
      const aborted = AbortSignal.abort(new Error('too late'));
      const appending = staged.append(Readable.from([bytesOf('x')]), { signal: aborted, onChunk: noChunks });
      await expect(appending).rejects.toThrow('too late');
      expect(await staged.size()).toBe(0);
    });

    test('a source that closes without an end has failed', async () => {
      const staged = await store().stage(newUploadId(), {});
      const source = new Readable({ read() {} });
      source.push(bytesOf('half'));
      const onChunk = (): void => void setImmediate(() => source.destroy());
      await expect(staged.append(source, { signal, onChunk })).rejects.toThrow('closed before its end');
      expect(await staged.size()).toBe(4);
    });

    test('a source that was over before is over, one that had failed has failed', async () => {
      const staged = await store().stage(newUploadId(), {});
      const over = Readable.from([bytesOf('x')]);
      for await (const _ of over);
      expect(await staged.append(over, { signal, onChunk: noChunks })).toBe(0);
      const failed = new Readable({ read() {} });
      failed.on('error', () => {});
      failed.destroy(new Error('gone already'));
      await new Promise((resolve) => failed.once('close', resolve));
      await expect(staged.append(failed, { signal, onChunk: noChunks })).rejects.toThrow('gone already');
    });
  });

  describe('commit and discard', () => {
    test('commit publishes, replaces what was there, and ends the staged object', async () => {
      await store().write(blob, bytesOf('damaged'));
      const staged = await stageText(store(), 'whole');
      const info = await staged.commit(blob);
      expect(info.size).toBe(5);
      expect((await store().stat(blob))?.version).toBe(info.version);
      expect(await textAt(store(), blob)).toBe('whole');
      expect(await store().resume(staged.id)).toBeUndefined();
      expect(await store().staged()).toEqual([]);
    });

    test('commit is refused to one who does not know that another took the object over', async () => {
      const staged = await stageText(store(), 'bytes');
      const taken = await (await another()).resume(staged.id);
      await taken?.setAttributes({ owner: 'another' });
      await expect(staged.commit(blob)).rejects.toMatchObject({ failure: 'unavailable' });
      expect(await store().stat(blob)).toBeUndefined();
      expect(await taken?.size()).toBe(5);
      await taken?.commit(blob);
      expect(await textAt(store(), blob)).toBe('bytes');
      expect(await store().staged()).toEqual([]);
    });

    test('a committed object can be appended to like any other', async () => {
      await (await stageText(store(), 'other')).commit(key('other'));
      await (await stageText(store(), 'one')).commit(blob);
      await store().append(blob, bytesOf('-two'));
      expect(await textAt(store(), blob)).toBe('one-two');
      expect(await textAt(store(), key('other'))).toBe('other');
    });

    test('nothing appended is an empty object', async () => {
      const staged = await store().stage(newUploadId(), {});
      expect((await staged.commit(blob)).size).toBe(0);
      expect(await textAt(store(), blob)).toBe('');
    });

    test('discard removes it, and may be called again', async () => {
      const staged = await stageText(store(), 'x');
      await staged.discard();
      await staged.discard();
      expect(await store().resume(staged.id)).toBeUndefined();
      expect(await store().staged()).toEqual([]);
      await expect(appendText(staged, 'y')).rejects.toMatchObject({ failure: 'unavailable' });
      await expect(staged.commit(blob)).rejects.toMatchObject({ failure: 'unavailable' });
      expect(await store().stat(blob)).toBeUndefined();
    });

    test('many at once do not disturb each other', async () => {
      const names = Array.from({ length: 24 }, (_, i) => `blob-${i}`);
      await Promise.all(
        names.map(async (name) => (await stageText(store(), name)).commit(key(`team/app/blobs/sha256/${name}`))),
      );
      for (const name of names) expect(await textAt(store(), key(`team/app/blobs/sha256/${name}`))).toBe(name);
    });
  });
}

function* oddChunks(size: number, tell: (chunk: Buffer) => void): Generator<Buffer> {
  for (let sent = 0, i = 0; sent < size; i += 1) {
    const length = Math.min(size - sent, 1 + ((i * 7_919) % 130_000));
    const chunk = Buffer.alloc(length, `${i}-`);
    tell(chunk);
    sent += length;
    yield chunk;
  }
}

async function* failAfter(chunks: readonly Uint8Array[], problem: Error): AsyncGenerator<Uint8Array> {
  yield* chunks;
  await new Promise((resolve) => setImmediate(resolve));
  throw problem;
}
