// The file that an archive is in, open for as long as the store is: a rename over its name changes nothing for readers,
// and a write into it makes every further read fail rather than answer bytes of something else.
import { createHash } from 'node:crypto';
import { type BigIntStats, constants, fstatSync, lstatSync, realpathSync } from 'node:fs';
import { isError } from '../../oci/is-error.ts';
import { toStorageError } from '../filesystem/errno.ts';
import { readInto } from '../filesystem/read-file.ts';
import { systemCalls } from '../filesystem/system-calls.ts';
import { StorageError } from '../storage-error.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const chunkBytes = 256 * 1024;

export class ArchiveFile {
  /** Of the file as it was opened, symbolic links resolved. */
  readonly path: string;
  readonly size: number;
  readonly modifiedAtMs: number;
  /** Changes with the state of the file, of one path or of another: names what was derived from it. */
  readonly identity: string;
  readonly #descriptor: number;
  readonly #modifiedAtNs: bigint;
  #reads = 0;
  #closed = false;

  constructor(path: string, descriptor: number, stats: BigIntStats) {
    this.path = path;
    this.size = Number(stats.size);
    this.modifiedAtMs = Number(stats.mtimeMs);
    this.identity = identityOf(path, stats);
    this.#descriptor = descriptor;
    this.#modifiedAtNs = stats.mtimeNs;
  }

  /** Throws when the file was written since it was opened. Its change time is not asked: replacing the name changes that. */
  assertUnchanged(): void {
    if (this.#closed) throw new StorageError('unavailable', `${this.path}: read of an archive that was closed`);
    const stats = fstatSync(this.#descriptor, { bigint: true });
    if (Number(stats.size) === this.size && stats.mtimeNs === this.#modifiedAtNs) return;
    throw new StorageError('unavailable', `${this.path} was modified while it was served: open it again`);
  }

  /** At once, for headers: as much as is there. */
  readSync(buffer: Buffer, at: number): number {
    try {
      return systemCalls.readSync(this.#descriptor, buffer, 0, buffer.length, at);
    } catch (error) {
      throw toStorageError(error, 'read');
    }
  }

  /** Fills `buffer` from `at`. Throws when the file ends before, and when it changed. */
  async fill(buffer: Uint8Array, at: number): Promise<void> {
    this.assertUnchanged();
    this.#reads += 1;
    try {
      const count = await readInto(systemCalls, this.#descriptor, buffer, at);
      // What was written meanwhile may be among the bytes.
      if (!this.#closed) this.assertUnchanged();
      if (count < buffer.byteLength) throw new StorageError('unavailable', `${this.path} ends at byte ${at + count}`);
    } catch (error) {
      throw toStorageError(error, 'read');
    } finally {
      this.#reads -= 1;
      if (this.#closed && this.#reads === 0) systemCalls.closeSync(this.#descriptor);
    }
  }

  /** All bytes in order. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.size; at += chunkBytes) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, this.size - at));
      await this.fill(chunk, at);
      yield chunk;
    }
  }

  /** Reads under way end first. May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#reads === 0) systemCalls.closeSync(this.#descriptor);
  }
}

/** Throws a StorageError with a message for the operator: absent, no regular file. */
export function openArchiveFile(path: string): ArchiveFile {
  try {
    const realPath = realpathSync(path);
    // A FIFO without a writer would keep us waiting.
    const descriptor = systemCalls.openSync(realPath, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
    try {
      const stats = fstatSync(descriptor, { bigint: true });
      if (stats.isFile()) return new ArchiveFile(realPath, descriptor, stats);
      throw new StorageError('unsafe', `${path} is not a regular file`);
    } catch (error) {
      systemCalls.closeSync(descriptor);
      throw error;
    }
  } catch (error) {
    throw toStorageError(error, 'read');
  }
}

/** That of the file at a path without symbolic links; undefined when there is none, or none that may be looked at. */
export function identityAt(path: string): string | undefined {
  try {
    const stats = lstatSync(path, { bigint: true });
    return stats.isFile() ? identityOf(path, stats) : undefined;
  } catch (error) {
    if (isError(error) && 'code' in error) return undefined;
    throw error;
  }
}

function identityOf(path: string, { size, mtimeNs }: BigIntStats): string {
  return `${shortHash(path)}-${shortHash(`${size} ${mtimeNs}`)}`;
}

/** The part of an identity that stays the same while the file at a path changes. */
export function pathPartOf(identity: string): string {
  return identity.slice(0, identity.indexOf('-') + 1);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
