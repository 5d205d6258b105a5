// Lines that are appended to a file, whole, in order, by one writer: an audit. Others may append to it as well, rotate it away, or read
// it from a pipe. While it cannot be written, who waits for a line is told so, and what nobody waits for is kept, up to a bound.
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isError } from '../../oci/is-error.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import { errnoOf } from './errno.ts';
import { CannotWriteError, writing } from './published-file.ts';

export interface LineFileOptions {
  readonly log: Log;
  /** A line for those that were lost meanwhile. */
  readonly lostLine: (count: number) => string;
  readonly clock?: Clock;
  /** How long somebody waits for a line, at most, in milliseconds. */
  readonly patienceMs?: number;
}

interface Entry {
  readonly bytes: Buffer;
  readonly waiter: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
}

/** What is under way; of it so many bytes are in the file. */
interface Batch {
  readonly entries: readonly Entry[];
  readonly bytes: Buffer;
  written: number;
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
const newMode = 0o600;
const maxKeptBytes = 8 * 1024 * 1024;
const maxBatchBytes = 64 * 1024;
const retryMs = 100;
/** Lines that nobody waits for come together for so long: a write costs as much as a request. */
const gatherMs = 10;
/** A file that was rotated away is written to for so long at most. */
const lookEveryMs = 250;

export class LineFile {
  readonly path: string;
  readonly #options: Required<LineFileOptions>;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  #batch: Batch | undefined;
  #lost = 0;
  #run: Promise<void> | undefined;
  #opened: { readonly handle: FileHandle; readonly stats: Stats } | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Why nothing can be written, and when that was last tried; a write that does not come back counts as one. */
  #trouble: string | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #isWriting = false;
  #isClosing = false;
  #isClosed = false;

  private constructor(path: string, options: LineFileOptions) {
    this.path = path;
    this.#options = { clock: systemClock, patienceMs: 2_000, ...options };
  }

  /** Throws CannotWriteError. A pipe that nobody reads yet is waited for. */
  static async open(path: string, options: LineFileOptions): Promise<LineFile> {
    const file = new LineFile(path, options);
    try {
      await writing(path, () => file.#current());
    } catch (error) {
      if (!(error instanceof CannotWriteError) || errnoOf(error.cause) !== 'ENXIO') throw error;
      file.#fail(isError(error.cause) ? error.cause : error);
    }
    return file;
  }

  /** The system has the line when this returns, in the order of calls. Refuses with CannotWriteError when that takes too long. */
  append(line: string): Promise<void> {
    if (this.#isHopeless()) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#withdraw(entry);
        reject(this.#refusal());
      }, this.#options.patienceMs);
      const settling = (settle: () => void) => {
        clearTimeout(timer);
        settle();
      };
      const entry: Entry = {
        bytes: bytesOf(line),
        waiter: { resolve: () => settling(resolve), reject: (error) => settling(() => reject(error)) },
      };
      this.#enqueue(entry);
    });
  }

  /** Nobody waits: kept until it can be written; when too many are, it is lost, which is told with the next one that is not. */
  push(line: string): void {
    const bytes = bytesOf(line);
    if (this.#queuedBytes + bytes.byteLength > maxKeptBytes) this.#lost += 1;
    else this.#enqueue({ bytes, waiter: undefined });
  }

  /** Writes what there is, as long as that is possible. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.race([this.#run, sleep(this.#options.patienceMs, undefined, { ref: false })]);
    const lost = this.#lost + this.#queue.length + (this.#batch?.entries.length ?? 0);
    if (lost > 0) this.#options.log.warn('lines were not written', { file: this.path, lost });
    this.#queue = [];
    this.#isClosed = true;
    // A write that does not come back keeps its descriptor.
    if (!this.#isWriting) await this.#opened?.handle.close();
    this.#opened = undefined;
  }

  #enqueue(entry: Entry): void {
    this.#queue.push(entry);
    this.#queuedBytes += entry.bytes.byteLength;
    this.#run ??= this.#writeAll();
  }

  #withdraw(entry: Entry): void {
    const at = this.#queue.indexOf(entry);
    if (at < 0) return;
    this.#queue.splice(at, 1);
    this.#queuedBytes -= entry.bytes.byteLength;
  }

  async #writeAll(): Promise<void> {
    while (!this.#isClosed && (this.#batch !== undefined || this.#queue.length > 0)) {
      try {
        if (this.#isUnhurried()) await sleep(gatherMs);
        this.#batch ??= this.#nextBatch();
        await this.#write(this.#batch);
        this.#batch = undefined;
        this.#recover();
      } catch (error) {
        this.#fail(isError(error) ? error : new Error(String(error)));
        await sleep(retryMs, undefined, { ref: false });
      }
    }
    // In the same turn as the look at the queue: what comes next begins anew.
    this.#run = undefined;
  }

  #isUnhurried(): boolean {
    return this.#batch === undefined && !this.#isClosing && this.#queue.every(({ waiter }) => waiter === undefined);
  }

  #nextBatch(): Batch {
    let length = 0;
    const beyond = this.#queue.findIndex((entry, at) => {
      length += entry.bytes.byteLength;
      return at > 0 && length > maxBatchBytes;
    });
    const entries = this.#queue.splice(0, beyond < 0 ? this.#queue.length : beyond);
    const bytes = Buffer.concat(entries.map((entry) => entry.bytes));
    this.#queuedBytes -= bytes.byteLength;
    return { entries, bytes, written: 0 };
  }

  async #write(batch: Batch): Promise<void> {
    // While it is known to be stuck, nobody waits for it again.
    const patienceMs = this.#trouble === undefined ? this.#options.patienceMs : 0;
    const deadlineMs = this.#options.clock.elapsed() + patienceMs;
    this.#triedAtMs = this.#options.clock.elapsed();
    this.#isWriting = true;
    try {
      while (batch.written < batch.bytes.byteLength) {
        const handle = await this.#current(batch);
        const count = await writtenTo(handle, batch.bytes.subarray(batch.written));
        batch.written += count;
        if (count > 0) continue;
        // A pipe that is full.
        if (this.#options.clock.elapsed() >= deadlineMs) throw new Error('nobody reads what is written to it');
        await sleep(10);
      }
      for (const { waiter } of batch.entries) waiter?.resolve();
    } finally {
      this.#isWriting = false;
    }
  }

  /** The file that has the name now. What was begun in another one is written whole. */
  async #current(batch?: Batch): Promise<FileHandle> {
    const { clock } = this.#options;
    if (this.#opened !== undefined && clock.elapsed() - this.#lookedAtMs < lookEveryMs) return this.#opened.handle;
    const now = await stat(this.path).catch(() => undefined);
    this.#lookedAtMs = clock.elapsed();
    if (this.#opened !== undefined) {
      const { handle, stats } = this.#opened;
      if (now?.dev === stats.dev && now.ino === stats.ino) return handle;
      this.#opened = undefined;
      await handle.close();
    }
    const handle = await open(this.path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, newMode);
    this.#opened = { handle, stats: await handle.stat() };
    if (batch !== undefined) batch.written = startOfLine(batch);
    return handle;
  }

  #fail(error: Error): void {
    const reason = reasonOf(error);
    if (this.#trouble === undefined) {
      this.#options.log.warn('lines cannot be written', { file: this.path, reason });
    }
    this.#trouble = reason;
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
    const begun = this.#batch !== undefined && this.#batch.written > 0 ? this.#batch : undefined;
    const waiting = [...(this.#batch?.entries ?? []), ...this.#queue].filter(({ waiter }) => waiter !== undefined);
    // Of what was begun the rest follows, whoever waits for it: half a line would spoil the next one.
    if (begun === undefined && this.#batch !== undefined) {
      this.#queue = [...this.#batch.entries, ...this.#queue];
      this.#queuedBytes += this.#batch.bytes.byteLength;
      this.#batch = undefined;
    }
    for (const entry of waiting) {
      this.#withdraw(entry);
      entry.waiter?.reject(this.#refusal());
    }
  }

  #recover(): void {
    if (this.#trouble === undefined && this.#lost === 0) return;
    const lost = this.#lost;
    this.#trouble = undefined;
    this.#lost = 0;
    this.#options.log.warn('lines are written again', { file: this.path, lost });
    if (lost > 0) this.#enqueue({ bytes: bytesOf(this.#options.lostLine(lost)), waiter: undefined });
  }

  /** It was tried a moment ago, or is being tried for too long. */
  #isHopeless(): boolean {
    const sinceMs = this.#options.clock.elapsed() - this.#triedAtMs;
    return this.#isWriting ? sinceMs > this.#options.patienceMs : this.#trouble !== undefined && sinceMs < retryMs;
  }

  #refusal(): CannotWriteError {
    return new CannotWriteError(`cannot write ${this.path}: ${this.#trouble ?? 'it takes too long'}`);
  }
}

function bytesOf(line: string): Buffer {
  return Buffer.from(`${line}\n`);
}

/** 0 where a pipe is full. */
async function writtenTo(handle: FileHandle, bytes: Buffer): Promise<number> {
  try {
    return (await handle.write(bytes)).bytesWritten;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return 0;
    throw error;
  }
}

/** Where the line begins of which only a part is written. */
function startOfLine({ bytes, written }: Batch): number {
  return written === 0 ? 0 : bytes.lastIndexOf('\n', written - 1) + 1;
}

function reasonOf(error: Error): string {
  switch (errnoOf(error)) {
    case 'ENXIO':
    case 'EPIPE':
      return 'nobody reads what is written to it';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space left';
    case undefined:
      return error.message;
    default:
      return `the system answers ${errnoOf(error)}`;
  }
}
