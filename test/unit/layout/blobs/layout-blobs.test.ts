// The blobs of one layout: made durable and put back before a manifest that refers to them is acknowledged.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BlobChecks, checkedAtOnceBytes } from '../../../../src/layout/blobs/blob-checks.ts';
import { BlobLedger } from '../../../../src/layout/blobs/blob-ledger.ts';
import { BlobWriter } from '../../../../src/layout/blobs/blob-writer.ts';
import { LayoutBlobs } from '../../../../src/layout/blobs/layout-blobs.ts';
import { Leases } from '../../../../src/layout/blobs/leases.ts';
import { ReceivedBlobs } from '../../../../src/layout/blobs/received-blobs.ts';
import { layoutKeys, poolKey } from '../../../../src/layout/files/keys.ts';
import { healPolicy } from '../../../../src/layout/healing/heal-policy.ts';
import { BackgroundWork } from '../../../../src/layout/pacing/background-work.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { newUploadId } from '../../../../src/oci/upload-id.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../../../src/storage/object-store.ts';
import { blobOf, type Content, imageManifest } from '../../../support/content.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { chunkOf } from '../../../support/pushes.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { TestClock } from '../../../support/test-clock.ts';

const keys = layoutKeys(parseRepositoryName('a'));
const blob = blobOf('layer');

/** What a process knows of blobs whose manifests nobody looks at. */
function layoutBlobs(store: ObjectStore, name: string, { ledger = new BlobLedger(), clock = new TestClock() } = {}) {
  const background = new BackgroundWork(silentLog);
  const limits = { reads: 'once', atOnceBytes: checkedAtOnceBytes } as const;
  const checks = new BlobChecks({ store, ledger, background, log: silentLog, ...limits });
  const statedSize = async () => undefined;
  const leases = new Leases({ clock, log: silentLog, graceMs: 0, file: undefined });
  const received = new ReceivedBlobs(clock, healPolicy.windowMs);
  const shared = { store, keys: layoutKeys(parseRepositoryName(name)), checks };
  const read = new LayoutBlobs({ ...shared, small: undefined, statedSize });
  return { read, blobs: new BlobWriter({ ...shared, received, blobs: read, leases }) };
}

const digestIn = async (store: ObjectStore, key: Key) =>
  digestOf((await store.read(key, 100))?.bytes ?? Buffer.alloc(0));

function blobsUnderTest() {
  const hooked = interleaving(new MemoryStore());
  const clock = new TestClock();
  const ledger = new BlobLedger();
  const layout = (name: string) => layoutBlobs(hooked.store, name, { ledger, clock });
  const blobsOf = (name: string) => layout(name).blobs;
  const receive = async (blobs: BlobWriter, { bytes, digest }: Content) => {
    const staged = await hooked.store.stage(newUploadId(), {});
    const { body, signal } = chunkOf(bytes);
    if (body !== undefined) await staged.append(body, { signal, onChunk: () => {} });
    await blobs.intake.adopt(digest, staged);
  };
  return { ...hooked, clock, layout, blobsOf, ...layout('a'), receive };
}

describe('what a manifest refers to', () => {
  it('is reported when it is missing, or has another size', async () => {
    const { blobs, receive } = blobsUnderTest();
    await receive(blobs, blob);
    const absent = blobOf('absent').descriptor;
    const foreign = { mediaType: 'a/b', digest: `blake3:${'0'.repeat(64)}`, size: 1 };
    expect(await blobs.secure([blob.descriptor, absent, foreign, { ...blob.descriptor, size: 1 }, absent])).toEqual({
      missing: [absent.digest, foreign.digest],
      wrongSize: [blob.digest],
    });
  });

  it('is not waited for by who says its size while it is hashed for somebody who says another one', async () => {
    const { store } = blobsUnderTest();
    await store.write(keys.blob(blob.digest), blob.bytes);
    let read = () => {};
    const isRead = new Promise<void>((resolve) => {
      read = resolve;
    });
    const open: ObjectStore['open'] = async (key) => {
      const object = await store.open(key);
      return (
        object && {
          ...object,
          info: object.info,
          readInto: async (...values) => isRead.then(() => object.readInto(...values)),
        }
      );
    };
    const slow = new Proxy(store, { get: (of, name) => (name === 'open' ? open : Reflect.get(of, name)) });
    const { blobs } = layoutBlobs(slow, 'a');
    let isOver = false;
    const wrong = blobs.secure([{ ...blob.descriptor, size: 1 }]).finally(() => {
      isOver = true;
    });
    expect(await blobs.secure([blob.descriptor])).toEqual({ missing: [], wrongSize: [] });
    expect(isOver).toBe(false);
    read();
    expect(await wrong).toEqual({ missing: [], wrongSize: [blob.digest] });
  });

  it('is made durable once when another program wrote it, not when we did', async () => {
    const { blobs, receive, store, count } = blobsUnderTest();
    await receive(blobs, blob);
    await blobs.secure([blob.descriptor]);
    expect(count('makeDurable')).toBe(0);
    const theirs = blobOf('theirs');
    await store.write(keys.blob(theirs.digest), theirs.bytes);
    await blobs.secure([theirs.descriptor]);
    await blobs.secure([theirs.descriptor]);
    expect(count('makeDurable')).toBe(1);
    await store.write(keys.blob(theirs.digest), theirs.bytes);
    await nextTurn();
    await blobs.secure([theirs.descriptor]);
    expect(count('makeDurable')).toBe(2);
  });

  it('is linked again when a foreign collector took it within the hour, not later, and not after a delete through us', async () => {
    const { blobs, blobsOf, receive, store, clock } = blobsUnderTest();
    await receive(blobs, blob);
    await receive(blobsOf('b'), blob);
    const take = async () => {
      await store.delete(keys.blob(blob.digest));
      await nextTurn();
    };
    await take();
    expect(await blobs.lost()).toEqual([blob.digest]);
    expect(await blobs.secure([blob.descriptor])).toEqual({ missing: [], wrongSize: [] });
    expect(await blobs.lost()).toEqual([]);
    await take();
    clock.advance(61 * 60_000);
    expect((await blobs.secure([blob.descriptor])).missing).toEqual([blob.digest]);
    await receive(blobs, blob);
    await blobs.delete(blob.digest);
    expect((await blobs.secure([blob.descriptor])).missing).toEqual([blob.digest]);
  });

  it('is linked again when the repository only mounted it, or was told that it has it', async () => {
    const { blobs, layout, blobsOf, receive, store } = blobsUnderTest();
    await receive(blobsOf('b'), blob);
    for (const from of [layout('b').read, undefined]) {
      expect(await blobs.mount(blob.digest, from, 'later')).toBe(true);
      await store.delete(keys.blob(blob.digest));
      await nextTurn();
      expect((await blobs.secure([blob.descriptor])).missing).toEqual([]);
    }
    const fresh = blobsOf('a');
    expect(await fresh.mount(blob.digest, undefined, 'later')).toBe(true);
    await store.delete(keys.blob(blob.digest));
    expect((await fresh.secure([blob.descriptor])).missing).toEqual([]);
  });
});

describe('a damaged blob', () => {
  const wrong = Buffer.from('wrong');

  it('that this repository had received is linked again before a manifest that needs it is acknowledged', async () => {
    const { blobs, read, receive, store } = blobsUnderTest();
    await receive(blobs, blob);
    await store.write(keys.blob(blob.digest), wrong);
    expect(await read.find(blob.digest)).toBeUndefined();
    expect(await blobs.secure([blob.descriptor])).toEqual({ missing: [], wrongSize: [] });
    expect(await digestIn(store, keys.blob(blob.digest))).toBe(blob.digest);
  });

  it('in the pool is replaced by the next push', async () => {
    const { blobs, blobsOf, receive, store } = blobsUnderTest();
    await receive(blobsOf('b'), blob);
    await store.write(poolKey(blob.digest), wrong);
    expect(await blobs.mount(blob.digest, undefined, 'wait')).toBe(false);
    await receive(blobs, blob);
    expect(await digestIn(store, poolKey(blob.digest))).toBe(blob.digest);
  });

  it('is not removed by a look', async () => {
    const { read, store } = blobsUnderTest();
    await store.write(keys.blob(blob.digest), wrong);
    expect(await read.find(blob.digest)).toBeUndefined();
    expect(await read.open(blob.digest)).toBeUndefined();
    expect(await digestIn(store, keys.blob(blob.digest))).toBe(digestOf(wrong));
  });
});

describe('a pool entry', () => {
  it('that this process has hashed is not read again; one of an earlier process is', async () => {
    const { blobsOf, receive, count, store } = blobsUnderTest();
    await receive(blobsOf('a'), blob);
    await receive(blobsOf('b'), blob);
    expect(count('open')).toBe(0);
    const { blobs: later } = layoutBlobs(store, 'c');
    await receive(later, blob);
    expect(count('open')).toBe(1);
    expect((await store.stat(poolKey(blob.digest)))?.hardLinks).toBe(4);
  });

  it('that went with its root comes back with the next push', async () => {
    const { blobs, receive, store } = blobsUnderTest();
    await receive(blobs, blob);
    await store.delete(poolKey(blob.digest));
    await receive(blobs, blob);
    expect((await store.stat(poolKey(blob.digest)))?.hardLinks).toBe(2);
  });
});

describe('a manifest file', () => {
  const manifest = imageManifest();

  it('is written once, and again when it is not what we wrote', async () => {
    const { blobs, count, store } = blobsUnderTest();
    await blobs.putManifest(manifest.digest, manifest.bytes);
    await blobs.putManifest(manifest.digest, manifest.bytes);
    expect(count('write')).toBe(1);
    await store.write(keys.blob(manifest.digest), Buffer.alloc(0));
    await blobs.putManifest(manifest.digest, manifest.bytes);
    expect((await store.read(keys.blob(manifest.digest), 1e6))?.bytes).toEqual(new Uint8Array(manifest.bytes));
  });

  it('is a file of its own although a blob of the same bytes is shared', async () => {
    const { blobs, receive, store } = blobsUnderTest();
    await receive(blobs, manifest);
    expect((await store.stat(keys.blob(manifest.digest)))?.hardLinks).toBe(2);
    await blobs.putManifest(manifest.digest, manifest.bytes);
    expect((await store.stat(keys.blob(manifest.digest)))?.hardLinks).toBe(1);
  });
});
