// What is known of blob files: of which version, for how long, and what of it is believed after a restart.

import { describe, expect, it } from 'vitest';
import { BlobLedger, keptBlobFacts } from '../../../../src/layout/blobs/blob-ledger.ts';
import { ledgerKey, ownFactsDirectory } from '../../../../src/layout/files/keys.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { ObjectInfo, ObjectStore, Version } from '../../../../src/storage/object-store.ts';
import { StorageError, type StorageFailure } from '../../../../src/storage/storage-error.ts';
import { versionLabel } from '../../../../src/storage/version-label.ts';
import { blobOf } from '../../../support/content.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { silentLog } from '../../../support/silent-log.ts';

const key = ledgerKey(ownFactsDirectory);
const { digest } = blobOf('layer');
const other = blobOf('other').digest;

/** A file as a file system describes it. */
function info({ device = 1, inode = 7, time = 1000.5, changed = 1000.5 } = {}): ObjectInfo {
  const version = `${device}-${inode}-5-${time}-${changed}` as Version;
  const label = versionLabel(`${device}-${inode}`, `5-${time}`);
  return { size: 5, version, label, modifiedAtMs: time, changedAtMs: time, settled: true, hardLinks: 1 };
}

function ledgerIn(store: ObjectStore): BlobLedger {
  return new BlobLedger(keptBlobFacts({ store, directory: ownFactsDirectory }, { log: silentLog }));
}

async function textIn(store: ObjectStore): Promise<string> {
  return Buffer.from((await store.read(key, 1e6))?.bytes ?? []).toString();
}

async function restarted(store: ObjectStore): Promise<BlobLedger> {
  const ledger = ledgerIn(store);
  await ledger.load();
  return ledger;
}

describe('a file', () => {
  it('is right for all its links, and not for another digest, file or time', () => {
    const ledger = new BlobLedger();
    ledger.setRight(digest, info());
    expect(ledger.isRight(digest, { ...info({ changed: 2000 }), hardLinks: 2 })).toBe(true);
    expect(ledger.isRight(other, info())).toBe(false);
    for (const changed of [{ inode: 8 }, { time: 1001.5 }, { device: 2, inode: 8 }]) {
      expect(ledger.isRight(digest, info(changed))).toBe(false);
    }
  });

  it('is damaged until anything touches it', () => {
    const ledger = new BlobLedger();
    ledger.setDamaged(digest, info());
    expect(ledger.isDamaged(digest, info())).toBe(true);
    expect(ledger.isRight(digest, info())).toBe(false);
    expect(ledger.isDamaged(digest, info({ changed: 2000 }))).toBe(false);
    ledger.setRight(digest, info());
    expect(ledger.isDamaged(digest, info())).toBe(false);
  });
});

describe('after a restart', () => {
  it('it is what it was, also where the device has another number', async () => {
    const store = new MemoryStore();
    const ledger = ledgerIn(store);
    ledger.setRight(digest, info());
    ledger.setDamaged(other, info({ inode: 9 }));
    await ledger.flush();
    for (const device of [1, 64_512]) {
      const next = await restarted(store);
      expect(next.isRight(digest, info({ device }))).toBe(true);
      expect(next.isDamaged(other, info({ device, inode: 9 }))).toBe(true);
      expect([next.isSuspect(digest), next.isSuspect(other)]).toEqual([false, true]);
    }
  });

  it('what was found last counts', async () => {
    const store = new MemoryStore();
    const ledger = ledgerIn(store);
    ledger.setRight(digest, info());
    ledger.setDamaged(digest, info());
    await ledger.flush();
    expect((await restarted(store)).isDamaged(digest, info())).toBe(true);
  });

  it('what is known is not written again', async () => {
    const store = new MemoryStore();
    const ledger = ledgerIn(store);
    ledger.setRight(digest, info());
    await ledger.flush();
    const size = (await store.stat(key))?.size;
    const next = await restarted(store);
    for (const each of [ledger, next]) {
      each.setRight(digest, info());
      await each.flush();
    }
    expect((await store.stat(key))?.size).toBe(size);
  });

  it('two processes that wrote at the same time are both believed', async () => {
    const store = new MemoryStore();
    const [one, two] = [await restarted(store), await restarted(store)];
    one.setRight(digest, info());
    await one.flush();
    two.setRight(other, info());
    await two.flush();
    one.setRight(other, info({ inode: 9 }));
    await one.flush();
    const next = await restarted(store);
    expect(next.isRight(digest, info())).toBe(true);
    expect([next.isRight(other, info()), next.isRight(other, info({ inode: 9 }))]).toEqual([true, true]);
  });

  it.each([
    ['of another place', '{"moorage":"facts about blobs","version":1,"place":"elsewhere"}'],
    ['of another kind', '{"moorage":"manifest facts","version":1,"place":""}'],
  ])('a file %s is not believed', async (_, firstLine) => {
    const store = new MemoryStore();
    const kept = await restarted(store);
    kept.setRight(digest, info());
    await kept.flush();
    const [, line] = (await textIn(store)).split('\n');
    await store.write(key, Buffer.from(`${firstLine}\n${line}\n`));
    const next = await restarted(store);
    expect(next.isRight(digest, info())).toBe(false);
    await next.catchUp();
    expect(next.isRight(digest, info())).toBe(false);
  });

  const setRight = (ledger: BlobLedger) => ledger.setRight(digest, info());
  const setDamaged = (ledger: BlobLedger) => ledger.setDamaged(digest, info());
  it.each([
    ['right', 0, setRight],
    ['right', 4, setRight],
    ['damaged', 0, setDamaged],
    ['damaged', 3, setDamaged],
  ])('a line that says %s, cut short by a crash after %i bytes of that, is not believed', async (_, kept, set) => {
    const store = new MemoryStore();
    const ledger = ledgerIn(store);
    set(ledger);
    await ledger.flush();
    const text = await textIn(store);
    const state = text.lastIndexOf(' ', text.lastIndexOf(' ') - 1) + 1;
    await store.write(key, Buffer.from(text.slice(0, state + kept)));
    const next = await restarted(store);
    expect([next.isRight(digest, info()), next.isDamaged(digest, info())]).toEqual([false, false]);
    next.setRight(other, info());
    await next.flush();
    const last = await restarted(store);
    expect([last.isRight(digest, info()), last.isRight(other, info())]).toEqual([false, true]);
  });
});

describe('what could not be kept, or read, for a while', () => {
  const broken = (failure: StorageFailure) => () => {
    throw new StorageError(failure, 'for a while');
  };

  it.each([
    ['no-space', 'write'],
    ['no-space', 'append'],
    ['unavailable', 'write'],
    ['unavailable', 'append'],
  ] as const)('%s at a %s: what is found out later is kept', async (failure, call) => {
    const { store, rightBefore } = interleaving(new MemoryStore());
    const ledger = await restarted(store);
    rightBefore(call, broken(failure));
    ledger.setRight(digest, info());
    await ledger.flush();
    ledger.setRight(other, info());
    await ledger.flush();
    expect((await restarted(store)).isRight(other, info())).toBe(true);
  });

  it('stays there, and is learned, when the volume is back', async () => {
    const { store, rightBefore } = interleaving(new MemoryStore());
    const ledger = await restarted(store);
    ledger.setDamaged(digest, info());
    await ledger.flush();
    rightBefore('read', broken('unavailable'));
    const next = await restarted(store);
    next.setRight(other, info());
    await next.catchUp();
    expect(next.isDamaged(digest, info())).toBe(true);
    const last = await restarted(store);
    expect([last.isDamaged(digest, info()), last.isRight(other, info())]).toEqual([true, true]);
  });
});

describe('another process', () => {
  it('that found a blob damaged is believed, while this one thinks it right', async () => {
    const store = new MemoryStore();
    const ledger = ledgerIn(store);
    ledger.setRight(digest, info());
    ledger.setRight(other, info());
    await ledger.catchUp();
    const look = ledgerIn(store);
    look.setDamaged(digest, info());
    await look.flush();
    expect(ledger.isRight(digest, info())).toBe(true);
    await ledger.catchUp();
    expect([ledger.isDamaged(digest, info()), ledger.isRight(other, info())]).toEqual([true, true]);
    ledger.setRight(digest, info());
    await ledger.catchUp();
    expect(ledger.isRight(digest, info())).toBe(true);
  });

  it('that found a blob damaged is believed although our line, from before, comes after its', async () => {
    const store = new MemoryStore();
    const [one, two] = [await restarted(store), await restarted(store)];
    one.setRight(digest, info());
    two.setDamaged(digest, info());
    await two.flush();
    await one.flush();
    await one.catchUp();
    for (const each of [one, await restarted(store)]) expect(each.isDamaged(digest, info())).toBe(true);
    // Hashed again, and the disk read it well this time.
    one.setRight(digest, info());
    await one.flush();
    await two.catchUp();
    for (const each of [two, await restarted(store)]) expect(each.isRight(digest, info())).toBe(true);
  });
});
