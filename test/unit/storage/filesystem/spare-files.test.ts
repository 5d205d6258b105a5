// What a large index.json displaced is written to again: only where it differs, only while nobody has it open, and never what a power cut may show.
import {
  closeSync,
  linkSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openFilesystemStore } from '../../../../src/storage/filesystem/filesystem-store.ts';
import { leaseSync } from '../../../../src/storage/filesystem/lease.ts';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { Change, ObjectStore, Updated } from '../../../../src/storage/object-store.ts';
import { key, megabyte, textAt, textOf } from '../../../contract/store-under-test.ts';
import { CrashStates, randomFrom } from '../../../power-cut/crash-states.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { type DiskImage, type ImageNode, rootNode } from '../../../support/simulated-disk/disk-image.ts';
import { SimulatedDisk } from '../../../support/simulated-disk/simulated-disk.ts';
import { failing, storeOnDisk, systemError } from './store-on-disk.ts';

const index = key('team/app/index.json');
const directory = 'team/app';

/** As of an index: a beginning that is made anew each time, and long pieces that versions share. */
const pieceOf = (letter: string) => Buffer.from(`${letter.repeat(79_999)}\n`);
const [a, b, c] = [pieceOf('a'), pieceOf('b'), pieceOf('c')];
const version = (...pieces: readonly Buffer[]) => [Buffer.from('[\n'), ...pieces, Buffer.from(']\n')];
const textOfVersion = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString();

const replaceBy =
  (bytes: readonly Uint8Array[]): Change =>
  async () => ({ bytes, first: [], record: () => [], note: () => [], remove: [] });

async function put(store: ObjectStore, pieces: readonly Buffer[]): Promise<Updated> {
  const updated = await store.update(index, replaceBy(pieces));
  onTestFinished(() => updated.previous?.close());
  return updated;
}

/** Bytes that were written, and files that were made to be written. */
async function counted(replaced: Partial<SystemCalls> = {}) {
  const counts = { bytes: 0, made: 0 };
  const size = (chunks: readonly Uint8Array[]) => chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const calls: Partial<SystemCalls> = {
    exchangeSync: systemCalls.exchangeSync,
    writevSync: (descriptor, chunks, position) => {
      counts.bytes += size(chunks);
      return systemCalls.writevSync(descriptor, chunks, position);
    },
    writev: (descriptor, chunks, position) => {
      counts.bytes += size(chunks);
      return systemCalls.writev(descriptor, chunks, position);
    },
    openSync: (path, flags, mode) => {
      if (/\/\.moorage-[^/]+$/.test(path) && (flags & 0o100) !== 0) counts.made += 1;
      return systemCalls.openSync(path, flags, mode);
    },
    ...replaced,
  };
  const opened = await storeOnDisk(calls);
  return { ...opened, counts };
}

/** On a machine that is busy with something else, what is kept for a moment is gone before it is used. */
const unhurried = (work: () => Promise<void>) => vi.waitFor(work, { timeout: 60_000 });

const hiddenIn = (root: string) => readdirSync(join(root, directory)).filter((name) => name.startsWith('.moorage-'));

const canLease = (() => {
  const path = mkdtempSync(join(tmpdir(), 'moorage-lease-'));
  writeFileSync(join(path, 'file'), '');
  const descriptor = openSync(join(path, 'file'), 'r+');
  const isGranted = leaseSync(descriptor);
  closeSync(descriptor);
  rmSync(path, { recursive: true });
  return isGranted;
})();

describe.runIf(canLease)('a large file that was replaced (needs leases and exchanges)', () => {
  it('is written to by the next but one, only where that differs', async () => {
    await unhurried(async () => {
      const { store, at, counts } = await counted();
      const versions = [
        version(a, b),
        version(a, b, c),
        version(a, c),
        version(c, b),
        version(c, b, a, b),
        version(c, b),
      ];
      await put(store, version(a));
      for (const pieces of versions) {
        counts.made = 0;
        await put(store, pieces);
        expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(pieces));
      }
      expect(counts.made).toBe(0);
      counts.bytes = 0;
      for (let count = 0; count < 10; count += 1) await put(store, version(c, b, Buffer.from(`${count}\n`)));
      // The last line alone, and the one after it.
      expect(counts).toEqual({ bytes: 10 * 4, made: 0 });
      expect(await textAt(store, index)).toBe(textOfVersion(version(c, b, Buffer.from('9\n'))));
    });
  });

  it('has another version each time, and none of them twice', async () => {
    const { store } = await counted();
    const versions = new Set<string>();
    for (let count = 0; count < 20; count += 1) {
      const { info } = await put(store, version(a, b));
      expect(info?.settled).toBe(true);
      versions.add(`${info?.label}`);
    }
    expect(versions.size).toBe(20);
  });

  it('is left alone while somebody reads it', async () => {
    const { store, at } = await counted();
    for (const pieces of [version(a, b), version(b, a)]) await put(store, pieces);
    const reader = openSync(at(index), 'r');
    onTestFinished(() => closeSync(reader));
    for (let count = 0; count < 6; count += 1) await put(store, version(c, b, Buffer.from(`${count}\n`)));
    const read = Buffer.alloc(400_000);
    expect(read.subarray(0, readSync(reader, read, 0, read.length, 0)).toString()).toBe(textOfVersion(version(b, a)));
    expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(version(c, b, Buffer.from('5\n'))));
  });

  it('is left to a program that had it open to write into it, and what that wrote is found', async () => {
    const { store, at } = await counted();
    for (const pieces of [version(a, b), version(b, a)]) await put(store, pieces);
    const writer = openSync(at(index), 'r+');
    onTestFinished(() => closeSync(writer));
    const { previous } = await put(store, version(a));
    await put(store, version(b));
    await put(store, version(c));
    writeSync(writer, 'foreign', 0);
    const stray = textOf((await previous?.readIfChanged(megabyte))?.bytes);
    expect(stray?.slice(0, 7)).toBe('foreign');
    expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(version(c)));
  });

  it('is left alone once somebody wrote into it, also who closed it since', async () => {
    await unhurried(async () => {
      const { store, at, root } = await counted();
      for (const pieces of [version(a, b), version(b, a)]) await put(store, pieces);
      const { previous } = await put(store, version(a, b, c));
      const [spare] = hiddenIn(root);
      writeFileSync(join(root, directory, spare ?? ''), 'foreign');
      await put(store, version(a, b));
      expect(textOf((await previous?.readIfChanged(megabyte))?.bytes)).toBe('foreign');
      expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(version(a, b)));
    });
  });

  it('is left to who wrote into it between the last look and the lease', async () => {
    await unhurried(async () => {
      let writeAndClose: (() => void) | undefined;
      const { store, at } = await counted({
        leaseSync: (descriptor) => {
          writeAndClose?.();
          writeAndClose = undefined;
          return systemCalls.leaseSync(descriptor);
        },
      });
      for (const pieces of [version(a, b), version(b, a)]) await put(store, pieces);
      const writer = openSync(at(index), 'r+');
      const { previous } = await put(store, version(a, b, c));
      writeAndClose = () => {
        writeSync(writer, 'foreign', 0);
        closeSync(writer);
      };
      await put(store, version(b, c));
      const isWritten = writeAndClose === undefined;
      if (!isWritten) closeSync(writer);
      expect(isWritten).toBe(true);
      const stray = textOf((await previous?.readIfChanged(megabyte))?.bytes);
      expect(stray?.slice(0, 7)).toBe('foreign');
      expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(version(b, c)));
    });
  });

  it('is not kept where times are whole seconds: a write of as many bytes would leave no trace', async () => {
    const whole = (seconds: number | Date) => Math.floor(Number(seconds));
    const { store, root, counts } = await counted({
      futimesSync: (descriptor, atime, mtime) => systemCalls.futimesSync(descriptor, whole(atime), whole(mtime)),
    });
    const versions = [version(a), version(b), version(c), version(a)];
    for (const pieces of versions) await put(store, pieces);
    expect(counts.made).toBe(versions.length);
    expect(hiddenIn(root)).toEqual([]);
  });

  it('is not needed: where it may not be opened any more, a new one is made (injected)', async () => {
    const isSpare = (path: string, flags: number) => /\/\.moorage-[^/]+$/.test(path) && (flags & 0o103) === 0o2;
    for (const code of ['EACCES', 'EAGAIN']) {
      const { store, at } = await counted({ openSync: failing(systemCalls.openSync, code, isSpare) });
      const versions = [version(a), version(b), version(c), version(a, b)];
      for (const pieces of versions) await put(store, pieces);
      expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(version(a, b)));
    }
  });

  it('is not written to once a sync of it was refused: what it holds on the disk nobody knows (injected)', async () => {
    let failingNumber: number | undefined;
    const { store, at, counts } = await counted({
      fsync: async (descriptor) => {
        if (systemCalls.fstatSync(descriptor).ino === failingNumber) throw systemError('EIO', 'fsync');
        return systemCalls.fsync(descriptor);
      },
    });
    for (const pieces of [version(a), version(b)]) await put(store, pieces);
    failingNumber = statSync(at(index)).ino;
    await expect(store.makeDurable(index)).rejects.toThrow();
    failingNumber = undefined;
    await put(store, version(c));
    counts.made = 0;
    await put(store, version(a, b));
    expect(counts.made).toBe(1);
    expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(version(a, b)));
  });

  it('keeps its bytes under a second name that somebody gave it', async () => {
    const { store, at } = await counted();
    for (const pieces of [version(a, b), version(b, a)]) await put(store, pieces);
    linkSync(at(index), at('team/backup'));
    for (let count = 0; count < 4; count += 1) await put(store, version(c, Buffer.from(`${count}\n`)));
    expect(readFileSync(at('team/backup'), 'utf8')).toBe(textOfVersion(version(b, a)));
  });

  it('goes after a moment, with its store, and before its directory', async () => {
    const { store, root } = await counted();
    const begin = () =>
      unhurried(async () => {
        for (const pieces of [version(a), version(b), version(c)]) await put(store, pieces);
        expect(hiddenIn(root)).toHaveLength(1);
      });
    await begin();
    await vi.waitFor(() => expect(hiddenIn(root)).toEqual([]), { timeout: 60_000 });
    await begin();
    await store.removeEmpty(key(''), { mayGo: () => false, below: () => [] });
    expect(hiddenIn(root)).toEqual([]);
    await begin();
    await store.close();
    expect(hiddenIn(root)).toEqual([]);
  });

  it('is not written to where the sync of its directory was refused (injected)', async () => {
    let isFailing = false;
    const { store, at, counts } = await counted({
      fsync: async (descriptor) => {
        if (isFailing && systemCalls.fstatSync(descriptor).isDirectory()) throw systemError('EIO', 'fsync');
        return systemCalls.fsync(descriptor);
      },
    });
    for (const pieces of [version(a), version(b)]) await put(store, pieces);
    isFailing = true;
    await expect(put(store, version(c))).rejects.toThrow();
    isFailing = false;
    counts.made = 0;
    await put(store, version(a, c));
    expect(counts.made).toBe(1);
    expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(version(a, c)));
  });

  it('is given up where it cannot be synced, and the next one is a new file (injected)', async () => {
    let isFailing = false;
    const { store, at, root, counts } = await counted({
      fsync: async (descriptor) => {
        if (isFailing) throw systemError('EIO', 'fsync');
        return systemCalls.fsync(descriptor);
      },
    });
    for (const pieces of [version(a), version(b), version(c)]) await put(store, pieces);
    isFailing = true;
    await expect(put(store, version(a, b))).rejects.toThrow();
    expect(hiddenIn(root)).toEqual([]);
    expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(version(c)));
    isFailing = false;
    counts.made = 0;
    await put(store, version(a, b));
    expect(counts.made).toBe(1);
    expect(readFileSync(at(index), 'utf8')).toBe(textOfVersion(version(a, b)));
  });

  it('is no matter of small files: they are made anew', async () => {
    const { store, root } = await counted();
    for (const text of ['1', '2', '3']) await put(store, [Buffer.from(text)]);
    expect(hiddenIn(root)).toEqual([]);
  });
});

describe('a file that was written to again, after a power cut', () => {
  it('shows what was acknowledged last, or what came after it', async () => {
    const disk = new SimulatedDisk({ nowMs: 1_750_000_000_000, exchanges: true });
    const store = await openFilesystemStore('/simulated', { log: silentLog, calls: disk.calls });
    const versions = [version(a, b), version(a, b, c), version(a, c), version(a, c, b), version(a), version(b, c)];
    for (const [at, pieces] of versions.entries()) {
      const { previous } = await store.update(index, replaceBy(pieces));
      await previous?.close();
      disk.note(at);
    }
    await store.close();
    // Some of them were written in part.
    expect(disk.events.some((event) => event.kind === 'write' && event.at > 70_000)).toBe(true);
    const states = new CrashStates();
    const random = randomFrom(1);
    let acknowledged = -1;
    let looked = 0;
    for (const event of disk.events) {
      if (event.kind === 'note') acknowledged = Number(event.note);
      else states.apply(event);
      for (const image of states.images(40, random)) {
        const text = indexIn(image);
        const allowed = versions.slice(Math.max(acknowledged, 0), acknowledged + 2).map(textOfVersion);
        if (acknowledged < 0 && text === undefined) continue;
        looked += 1;
        expect(allowed.includes(text ?? ''), `after ${acknowledged}`).toBe(true);
      }
    }
    expect(looked).toBeGreaterThan(50);
  });
});

function indexIn(image: DiskImage): string | undefined {
  let number: number | undefined = rootNode;
  for (const name of ['simulated', 'team', 'app', 'index.json']) {
    const node: ImageNode | undefined = number === undefined ? undefined : image.get(number);
    number = node?.kind === 'directory' ? node.entries.get(name) : undefined;
  }
  const file = number === undefined ? undefined : image.get(number);
  return file?.kind === 'file' ? file.bytes.toString() : undefined;
}
