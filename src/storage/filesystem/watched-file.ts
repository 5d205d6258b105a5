// A small file that an operator named and may change at any time: users, certificates, keys. It is looked at when it is asked for.
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type Clock, systemClock } from '../clock.ts';
import { errnoOf } from './errno.ts';

/** The same object for as long as the file is the same. */
export type FileState =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  /** `reason` goes on after a colon: "there is no such file". */
  | { readonly kind: 'unusable'; readonly reason: string };

export interface WatchOptions {
  readonly maxBytes: number;
  /** How often it is looked at, at most, in milliseconds. */
  readonly everyMs?: number;
  /**
   * A file that changed within the last so many milliseconds may be half written: it is read once it is older. 0: whoever writes it
   * replaces it whole.
   */
  readonly settleMs?: number;
  readonly clock?: Clock;
}

/** What is written all the time, or bears a time of tomorrow, is read after this all the same. */
const longestHoldMs = 1_000;

/**
 * Not a watcher of the system: those miss what happens behind a symbolic link (Kubernetes swaps `..data`), on network file systems and
 * in some containers. A look is one stat, which follows links: the operator's own.
 */
export class WatchedFile {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #everyMs: number;
  readonly #settleMs: number;
  readonly #clock: Clock;
  #state: FileState | undefined;
  /** What the state was made of; undefined: whatever is there is read at the next look. */
  #seen: string | undefined;
  #nextLookMs = Number.NEGATIVE_INFINITY;
  #changedAtNs = 0n;
  /** Since when a change is held back. */
  #heldSinceMs: number | undefined;

  constructor(path: string, { maxBytes, everyMs = 250, settleMs = 100, clock = systemClock }: WatchOptions) {
    this.path = path;
    this.#maxBytes = maxBytes;
    this.#everyMs = everyMs;
    this.#settleMs = settleMs;
    this.#clock = clock;
  }

  /** When the file changed that was read last, also where it says what it said before. */
  get changedAtNs(): bigint {
    return this.#changedAtNs;
  }

  current(): FileState {
    const nowMs = this.#clock.elapsed();
    if (this.#state !== undefined && nowMs < this.#nextLookMs) return this.#state;
    this.#nextLookMs = nowMs + this.#everyMs;
    return this.#look(nowMs);
  }

  #look(nowMs: number): FileState {
    const found = statOf(this.path);
    if (typeof found === 'string') return this.#unusable(found);
    const seen = versionOf(found);
    if (this.#state !== undefined && seen === this.#seen) return this.#state;
    const settlesInMs = this.#settlesInMs(found);
    if (this.#state?.kind === 'read' && settlesInMs > 0) {
      this.#heldSinceMs ??= nowMs;
      if (nowMs - this.#heldSinceMs < longestHoldMs) {
        this.#nextLookMs = nowMs + Math.min(settlesInMs, this.#everyMs);
        return this.#state;
      }
    }
    this.#heldSinceMs = undefined;
    return this.#read(settlesInMs > 0);
  }

  /** `mayChange`: a second edit could leave the times as they are. */
  #read(mayChange: boolean): FileState {
    const content = contentOf(this.path, this.#maxBytes);
    if (content === undefined) {
      // It changed while it was read: the next look decides, whatever the times say.
      this.#seen = undefined;
      return this.#state ?? this.#unusable('it changed while it was read');
    }
    if (content.kind === 'unusable') return this.#unusable(content.reason);
    this.#seen = mayChange ? undefined : content.version;
    this.#changedAtNs = content.changedAtNs;
    if (this.#state?.kind !== 'read' || !this.#state.bytes.equals(content.bytes)) {
      this.#state = { kind: 'read', bytes: content.bytes };
    }
    return this.#state;
  }

  #unusable(reason: string): FileState {
    this.#seen = undefined;
    this.#heldSinceMs = undefined;
    if (this.#state?.kind !== 'unusable' || this.#state.reason !== reason) this.#state = { kind: 'unusable', reason };
    return this.#state;
  }

  #settlesInMs({ ctimeMs, mtimeMs }: BigIntStats): number {
    const sinceMs = Math.abs(this.#clock.now() - Math.max(Number(ctimeMs), Number(mtimeMs)));
    return this.#settleMs - sinceMs;
  }
}

type Content =
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly version: string; readonly changedAtNs: bigint }
  | { readonly kind: 'unusable'; readonly reason: string };

/** Undefined when it changed meanwhile. */
function contentOf(path: string, maxBytes: number): Content | undefined {
  // A FIFO would keep everything waiting for its writer.
  const descriptor = attempt(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (typeof descriptor === 'string') return { kind: 'unusable', reason: descriptor };
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    if (!stats.isFile())
      return { kind: 'unusable', reason: stats.isDirectory() ? isDirectory : 'it is no regular file' };
    if (stats.size > maxBytes) return { kind: 'unusable', reason: `it has more than ${maxBytes} bytes` };
    const bytes = attempt(() => readInto(descriptor, Buffer.alloc(Number(stats.size))));
    if (typeof bytes === 'string') return { kind: 'unusable', reason: bytes };
    const version = versionOf(stats);
    if (bytes.byteLength !== Number(stats.size)) return undefined;
    return versionOf(fstatSync(descriptor, { bigint: true })) === version
      ? { kind: 'read', bytes, version, changedAtNs: stats.ctimeNs }
      : undefined;
  } finally {
    closeSync(descriptor);
  }
}

function readInto(descriptor: number, buffer: Buffer): Buffer {
  let filled = 0;
  while (filled < buffer.byteLength) {
    const count = readSync(descriptor, buffer, filled, buffer.byteLength - filled, filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

function statOf(path: string): BigIntStats | string {
  return attempt(() => statSync(path, { bigint: true }));
}

/** What the system refuses becomes words. */
function attempt<Result>(call: () => Result): Result | string {
  try {
    return call();
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    return reasons[code] ?? `the system answers ${code}`;
  }
}

/** So that who asks for a file can say how one is made. */
export const noSuchFile = 'there is no such file';

const isDirectory = 'it is a directory';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: noSuchFile,
  ENOTDIR: noSuchFile,
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: isDirectory,
  ELOOP: 'its symbolic links lead in a circle',
};

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}-${ino}-${size}-${mtimeNs}-${ctimeNs}`;
}
