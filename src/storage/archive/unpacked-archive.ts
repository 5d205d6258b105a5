// A compressed tar is unpacked once into the work directory, and found there again after a restart as long as the file that
// it came from stays as it is. How large a bomb may grow is bounded by the disk, of which some is always left free.
import { constants, existsSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isError } from '../../oci/is-error.ts';
import { makeTree } from '../filesystem/make-tree.ts';
import type { Log } from '../log.ts';
import { StorageError } from '../storage-error.ts';
import { type ArchiveFile, openArchiveFile, pathPartOf } from './archive-file.ts';
import { decompress } from './decompress.ts';
import { MissingProgramError } from './external-decompressor.ts';
import { type Compression, fileForm, formBytes, guess, noArchive } from './file-form.ts';
import { forgetUnpacked, rememberOrigin, unpackedDirectory, unpackedName } from './unpacked-cache.ts';
import { removeOutdated, writeWorkFile } from './work-file.ts';
import { CorruptStreamError } from './zstd-frames.ts';

export interface UnpackOptions {
  readonly log: Log;
  readonly workDirectory: string;
  /** For tests: the file system that a directory is on. */
  readonly roomIn?: (directory: string) => Promise<DiskSpace>;
}

/** In bytes. */
export interface DiskSpace {
  readonly free: number;
  readonly total: number;
}

/** Never taken: a full disk would hurt others than us. Whoever sends an archive decides how large it grows. */
export function keptFree(total: number): number {
  return Math.max(1024 ** 3, Math.ceil(total / 20));
}

const checkEveryBytes = 32 * 1024 * 1024;
const reportEveryMs = 5_000;

/** The tar: `file` itself when it is one, else an unpacked one. Throws 'unsafe' for what is neither. `path` is what the operator named. */
export async function openUnpacked(file: ArchiveFile, path: string, options: UnpackOptions): Promise<ArchiveFile> {
  const start = Buffer.alloc(Math.min(formBytes, file.size));
  await file.fill(start, 0);
  const form = fileForm(start);
  if (form.kind === 'tar') return file;
  if (form.kind === 'other') throw new StorageError('unsafe', noArchive(path, form.looksLike));
  const directory = unpackedDirectory(options.workDirectory);
  const name = unpackedName(file);
  const present = openIfPresent(join(directory, name));
  if (present !== undefined) return present;
  await assertWritable(options.workDirectory, path);
  await removeOutdated(directory, pathPartOf(file.identity), name);
  await rememberOrigin(options.workDirectory, file);
  try {
    await new Unpacking(file, path, directory, options).run(name, form.compression);
  } catch (error) {
    await forgetUnpacked(options.workDirectory, file.identity);
    throw error;
  }
  return openArchiveFile(join(directory, name));
}

/** A container or a service may have no home, or one that is not its own. */
async function assertWritable(workDirectory: string, path: string): Promise<void> {
  try {
    await makeTree(workDirectory, 0o700);
    await access(workDirectory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = isError(error) ? error.message : String(error);
    const message = `${path} must be unpacked, and the cache directory ${workDirectory} cannot be used (${reason})`;
    const remedy =
      'set XDG_CACHE_HOME to a directory that can be written to, serve with --root DIR, or unpack it yourself';
    throw new StorageError('unavailable', `${message}: ${remedy}`, error);
  }
}

/** What has the name is complete: it got it by a rename. */
function openIfPresent(path: string): ArchiveFile | undefined {
  return existsSync(path) ? openArchiveFile(path) : undefined;
}

class Unpacking {
  readonly #file: ArchiveFile;
  readonly #path: string;
  readonly #directory: string;
  readonly #log: Log;
  readonly #roomIn: (directory: string) => Promise<DiskSpace>;
  #written = 0;
  #nextCheckAt = checkEveryBytes;
  #nextReportAtMs = Date.now() + reportEveryMs;

  constructor(file: ArchiveFile, path: string, directory: string, { log, roomIn = roomOf }: UnpackOptions) {
    this.#file = file;
    this.#path = path;
    this.#directory = directory;
    this.#log = log;
    this.#roomIn = roomIn;
  }

  async run(name: string, compression: Compression): Promise<void> {
    const details = { path: this.#path, into: `${this.#directory}/${name}`, bytes: this.#file.size };
    this.#log.slow('unpacking an archive, once', details);
    try {
      await writeWorkFile(this.#directory, name, async (target) => {
        // Tars compress to less than their size; where this one does not, the checks on the way find it.
        await this.#assertRoomFor(this.#file.size);
        for await (const chunk of startingWhole(decompress(compression, this.#file.chunks()))) {
          if (this.#written === 0) this.#assertTar(chunk);
          for (let at = 0; at < chunk.byteLength; ) at += (await target.write(chunk, at)).bytesWritten;
          this.#written += chunk.byteLength;
          await this.#watch();
        }
        this.#file.assertUnchanged();
      });
    } catch (error) {
      if (!(error instanceof CorruptStreamError || error instanceof MissingProgramError)) throw error;
      throw new StorageError('unavailable', `${this.#path} cannot be unpacked: ${error.message}`, error);
    }
    this.#log.info('unpacked an archive', { ...details, unpackedBytes: this.#written });
  }

  /** What is no tar is refused before the disk is filled with it. */
  #assertTar(start: Uint8Array): void {
    const form = fileForm(Buffer.from(start.buffer, start.byteOffset, start.byteLength));
    if (form.kind === 'tar') return;
    const looksLike = form.kind === 'compressed' ? `another ${form.compression} file` : form.looksLike;
    throw new StorageError('unsafe', `${this.#path} is compressed, but no tar is in it${guess(looksLike)}`);
  }

  async #watch(): Promise<void> {
    if (this.#written >= this.#nextCheckAt) {
      this.#nextCheckAt = this.#written + checkEveryBytes;
      await this.#assertRoomFor(checkEveryBytes);
    }
    if (Date.now() >= this.#nextReportAtMs) {
      this.#nextReportAtMs = Date.now() + reportEveryMs;
      this.#log.slow('still unpacking an archive', { path: this.#path, unpackedBytes: this.#written });
    }
  }

  async #assertRoomFor(bytes: number): Promise<void> {
    const { free, total } = await this.#roomIn(this.#directory);
    if (free >= bytes + keptFree(total)) return;
    const message = `${this.#path} cannot be unpacked: ${this.#written} bytes are written to ${this.#directory}, ${free} are free`;
    throw new StorageError('no-space', `${message}, and ${keptFree(total)} are kept free`);
  }
}

/** The same bytes, where the first chunk has all that tells what they are, and is there even when there are none. */
export async function* startingWhole(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | undefined = new Uint8Array();
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.byteLength < formBytes) continue;
    yield start;
    start = undefined;
  }
  if (start !== undefined) yield start;
}

export async function roomOf(directory: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { free: bavail * bsize, total: blocks * bsize };
}
