// From a stream into a sink: one write at a time, the source held back, what failures leave. The sink is a test's own.
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type AppendSink, appendStream } from '../../../src/storage/append-stream.ts';

const kibibyte = 1_024;
const mebibyte = 1_024 * kibibyte;

interface Write {
  readonly bytes: number;
  readonly position: number;
  readonly end: (written?: number | Error) => void;
}

/** A sink whose writes end when the test says so. */
function manualSink() {
  const writes: Write[] = [];
  let syncs = 0;
  let called: () => void = () => {};
  const sink: AppendSink = {
    write: (chunks, position) =>
      new Promise((resolve, reject) => {
        const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
        const end = (written: number | Error = bytes): void =>
          written instanceof Error ? reject(written) : resolve(written);
        writes.push({ bytes, position, end });
        called();
      }),
    sync: async () => {
      syncs += 1;
    },
  };
  return {
    sink,
    writes,
    syncs: () => syncs,
    /** The write number `index`, once it was begun. */
    async write(index: number): Promise<Write> {
      for (;;) {
        const write = writes[index];
        if (write !== undefined) return write;
        await new Promise<void>((resolve) => {
          called = resolve;
        });
      }
    },
  };
}

/** A source that a test feeds; it tells whether it is held back. */
function manualSource(): Readable {
  return new Readable({ read() {}, highWaterMark: 64 * mebibyte });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;
const options = { signal: never, onChunk: () => {} };

test('chunks that come during a write are gathered into the next one', async () => {
  const { sink, write, writes, syncs } = manualSink();
  const source = manualSource();
  const appended = appendStream(source, sink, 100, options);
  source.push(Buffer.alloc(mebibyte));
  const first = await write(0);
  expect(first).toMatchObject({ bytes: mebibyte, position: 100 });
  for (let i = 0; i < 8; i += 1) source.push(Buffer.alloc(64 * kibibyte));
  source.push(null);
  await turn();
  expect(writes.length).toBe(1);
  first.end();
  const second = await write(1);
  expect(second).toMatchObject({ bytes: 512 * kibibyte, position: 100 + mebibyte });
  second.end();
  expect(await appended).toBe(100 + mebibyte + 512 * kibibyte);
  expect(syncs()).toBe(1);
});

test('the source is held back at 4 MiB and let go again', async () => {
  const { sink, write } = manualSink();
  const source = manualSource();
  const appended = appendStream(source, sink, 0, options);
  for (let i = 0; i < 6; i += 1) source.push(Buffer.alloc(mebibyte));
  const first = await write(0);
  await turn();
  expect(source.isPaused()).toBe(true);
  expect(source.readableLength).toBeGreaterThan(0);
  first.end();
  const second = await write(1);
  expect(second.bytes).toBeLessThanOrEqual(4 * mebibyte);
  second.end();
  source.push(null);
  for (let i = 2; ; i += 1) {
    const outcome = await Promise.race([appended, write(i)]);
    if (typeof outcome === 'number') {
      expect(outcome).toBe(6 * mebibyte);
      break;
    }
    outcome.end();
  }
});

test('a few bytes of a slow source are written without waiting for more', async () => {
  const { sink, write } = manualSink();
  const source = manualSource();
  const appended = appendStream(source, sink, 0, options);
  source.push(Buffer.from('hello'));
  (await write(0)).end();
  source.push(null);
  expect(await appended).toBe(5);
});

test('no more than 1,024 chunks go into one write', async () => {
  const counts: number[] = [];
  const sink: AppendSink = {
    write: async (chunks) => {
      counts.push(chunks.length);
      return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    },
    sync: async () => {},
  };
  const source = Readable.from(Array.from({ length: 3_000 }, () => Buffer.from('x')));
  expect(await appendStream(source, sink, 0, options)).toBe(3_000);
  expect(Math.max(...counts)).toBeLessThanOrEqual(1_024);
});

test('an abort waits for the write in flight, and begins no other', async () => {
  const { sink, write, writes, syncs } = manualSink();
  const source = manualSource();
  const aborting = new AbortController();
  let settled = false;
  const appended = appendStream(source, sink, 0, { ...options, signal: aborting.signal }).finally(() => {
    settled = true;
  });
  source.push(Buffer.alloc(mebibyte));
  const first = await write(0);
  source.push(Buffer.alloc(mebibyte));
  await turn();
  aborting.abort(new Error('let go'));
  await turn();
  expect(settled).toBe(false);
  first.end(10);
  await expect(appended).rejects.toThrow('let go');
  expect(writes.length).toBe(1);
  expect(syncs()).toBe(1);
});

test('a source that fails: what had come is written and synced first', async () => {
  const { sink, write, syncs } = manualSink();
  const source = manualSource();
  const appended = appendStream(source, sink, 0, options);
  source.push(Buffer.alloc(mebibyte));
  const first = await write(0);
  source.push(Buffer.from('tail'));
  await turn();
  source.destroy(new Error('ECONNRESET'));
  await turn();
  first.end();
  const second = await write(1);
  expect(second).toMatchObject({ bytes: 4, position: mebibyte });
  second.end();
  await expect(appended).rejects.toThrow('ECONNRESET');
  expect(syncs()).toBe(1);
});

test('a write that fails ends the append and leaves the source alone, also when that fails later', async () => {
  const { sink, write, syncs } = manualSink();
  const source = manualSource();
  const appended = appendStream(source, sink, 0, options);
  source.push(Buffer.alloc(mebibyte));
  (await write(0)).end(new Error('disk'));
  await expect(appended).rejects.toThrow('disk');
  expect(source.destroyed).toBe(false);
  expect(source.isPaused()).toBe(true);
  expect(syncs()).toBe(0);
  source.destroy(new Error('afterwards'));
  await turn();
});

test('a write that writes nothing is a failure, not a loop', async () => {
  const { sink, write } = manualSink();
  const source = manualSource();
  const appended = appendStream(source, sink, 0, options);
  source.push(Buffer.alloc(mebibyte));
  (await write(0)).end(0);
  await expect(appended).rejects.toMatchObject({ failure: 'unavailable' });
});

test('a failed sync is thrown although the source failed before it', async () => {
  const sink: AppendSink = {
    write: async (chunks) => chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
    sync: async () => {
      throw new Error('sync failed');
    },
  };
  const source = manualSource();
  const appended = appendStream(source, sink, 0, options);
  source.push(Buffer.from('x'));
  await turn();
  source.destroy(new Error('source failed'));
  await expect(appended).rejects.toThrow('sync failed');
});

test('nothing is synced when nothing was appended', async () => {
  const { sink, syncs } = manualSink();
  expect(await appendStream(Readable.from([]), sink, 7, options)).toBe(7);
  expect(syncs()).toBe(0);
});

test('chunks that are ours are given back when they are written, others are left; a short write loses nothing', async () => {
  for (const ownsChunks of [true, false]) {
    const written: Buffer[] = [];
    const sink: AppendSink = {
      write: async (chunks) => {
        await turn();
        const bytes = Buffer.concat(chunks);
        // The first write takes half of what it is given.
        const some = bytes.subarray(0, written.length === 0 ? Math.floor(bytes.byteLength / 2) : bytes.byteLength);
        written.push(some);
        return some.byteLength;
      },
      sync: async () => {},
    };
    const chunks = Array.from({ length: 40 }, (_, at) => Buffer.allocUnsafeSlow(64 * kibibyte).fill(at));
    const sent = Buffer.concat(chunks);
    await appendStream(Readable.from(chunks, { objectMode: false }), sink, 0, { ...options, ownsChunks });
    expect(Buffer.concat(written).equals(sent)).toBe(true);
    const kept = chunks.filter((chunk) => chunk.byteLength > 0).length;
    if (ownsChunks) expect(kept).toBeLessThan(20);
    else expect(kept).toBe(40);
  }
});
