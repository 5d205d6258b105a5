// Reading a file as one version of it: its attributes before and after must agree, else it is read again.
import { StorageError } from '../storage-error.ts';
import { type FileInfo, sameVersion } from './file-info.ts';
import type { FileTree } from './file-tree.ts';
import type { SystemCalls } from './system-calls.ts';

/** Up to here a read is done at once; beyond, a thread does it. */
const smallReadBytes = 65_536;
const attempts = 10;

/** Reads all of an open file; refuses what is larger than `limit`, and what changes each time it is read. */
export async function readWhole(
  tree: FileTree,
  descriptor: number,
  limit: number,
): Promise<{ readonly info: FileInfo; readonly bytes: Uint8Array }> {
  const { calls } = tree;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const seenAtMs = calls.now();
    const before = calls.fstatSync(descriptor);
    if (before.size > limit) throw new StorageError('too-large', `${before.size} bytes, more than ${limit}`);
    const bytes = Buffer.allocUnsafeSlow(before.size);
    const count = await readInto(calls, descriptor, bytes, 0);
    if (count === before.size && sameVersion(before, calls.fstatSync(descriptor))) {
      return { info: tree.infoOf(before, seenAtMs), bytes };
    }
  }
  throw new StorageError('unavailable', 'a file changed each time it was read');
}

/** Fills `buffer` from offset `at` as far as the file goes. */
export async function readInto(
  calls: SystemCalls,
  descriptor: number,
  buffer: Uint8Array,
  at: number,
): Promise<number> {
  let filled = 0;
  while (filled < buffer.byteLength) {
    const length = buffer.byteLength - filled;
    const count =
      length <= smallReadBytes
        ? calls.readSync(descriptor, buffer, filled, length, at + filled)
        : await calls.read(descriptor, buffer, filled, length, at + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
