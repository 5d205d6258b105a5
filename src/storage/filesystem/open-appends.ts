// Files that are appended to again and again stay open for a moment: a line then costs its write, and one look whether the file still is the one
// of its name. Only for a moment: what is open cannot be unmounted.
import { StorageError } from '../storage-error.ts';
import { meansAbsent } from './errno.ts';
import type { FileTree } from './file-tree.ts';
import type { OpenedFile } from './held-directory.ts';
import type { SystemCalls } from './system-calls.ts';

/** After its last use. */
const idleMs = 10;
const maxOpen = 64;

interface OpenAppend extends OpenedFile {
  wasUsed: boolean;
}

export class OpenAppends {
  readonly #tree: FileTree;
  readonly #open = new Map<string, OpenAppend>();
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /** False where it is to be opened, and appended to: it is not open, or not the file of that name any more. All of the bytes, or nothing. */
  append(key: string, bytes: Uint8Array): boolean {
    const open = this.#open.get(key);
    if (open === undefined) return false;
    open.wasUsed = true;
    let isDone = false;
    try {
      appendWhole(this.#tree.calls, open.descriptor, key, bytes);
      isDone = this.#isOf(key, open);
      return isDone;
    } finally {
      if (!isDone && this.#open.get(key) === open) this.#close(key, open);
    }
  }

  /** The file was just opened, and is not closed by whoever opened it. */
  keep(key: string, opened: OpenedFile): void {
    if (this.#isClosed || this.#open.size >= maxOpen || this.#open.has(key)) {
      this.#tree.calls.closeSync(opened.descriptor);
      return;
    }
    this.#open.set(key, { ...opened, wasUsed: true });
    this.#idle ??= setInterval(() => this.#closeIdle(), idleMs).unref();
  }

  /** From now on each is closed after its use. */
  close(): void {
    this.#isClosed = true;
    this.letGo();
  }

  letGo(): void {
    for (const [key, open] of [...this.#open]) this.#close(key, open);
    clearInterval(this.#idle);
    this.#idle = undefined;
  }

  /** Whatever is on the way to it: it is the very file that was found there. */
  #isOf(key: string, { stats }: OpenAppend): boolean {
    try {
      const now = this.#tree.calls.lstatSync(this.#tree.pathOf(key));
      return now?.ino === stats.ino && now.dev === stats.dev;
    } catch (error) {
      if (meansAbsent(error)) return false;
      throw error;
    }
  }

  #close(key: string, { descriptor }: OpenAppend): void {
    this.#open.delete(key);
    this.#tree.calls.closeSync(descriptor);
  }

  #closeIdle(): void {
    for (const [key, open] of [...this.#open]) {
      if (!open.wasUsed) this.#close(key, open);
      open.wasUsed = false;
    }
    if (this.#open.size > 0) return;
    clearInterval(this.#idle);
    this.#idle = undefined;
  }
}

/** In one write. At once, also where some of it is taken back: a thread might cut the file that has got the number of this one by then. */
export function appendWhole(calls: SystemCalls, descriptor: number, key: string, bytes: Uint8Array): void {
  const written = calls.writeSync(descriptor, bytes, 0);
  if (written === bytes.byteLength) return;
  // What is appended next must not go on in the middle of a line.
  calls.ftruncateSync(descriptor, calls.fstatSync(descriptor).size - written);
  throw new StorageError('no-space', `${key}: only ${written} bytes were appended`);
}
