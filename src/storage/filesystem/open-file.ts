// A file opened for reading, whose descriptor is closed once and never while a read is under way.
import type { ObjectInfo, OpenObject } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { toStorageError } from './errno.ts';
import { readInto } from './read-file.ts';
import type { SystemCalls } from './system-calls.ts';

export class OpenFile implements OpenObject {
  readonly info: ObjectInfo;
  readonly fileDescriptor: number;
  readonly inMemory = undefined;
  readonly #calls: SystemCalls;
  #reads = 0;
  #closed = false;

  constructor(calls: SystemCalls, descriptor: number, info: ObjectInfo) {
    this.#calls = calls;
    this.fileDescriptor = descriptor;
    this.info = info;
  }

  async readInto(buffer: Uint8Array, at: number): Promise<number> {
    if (this.#closed) throw new StorageError('unavailable', 'read of an object that was closed');
    this.#reads += 1;
    try {
      return await readInto(this.#calls, this.fileDescriptor, buffer, at);
    } catch (error) {
      throw toStorageError(error, 'read');
    } finally {
      this.#reads -= 1;
      // The number may belong to another file as soon as it is closed: a read under way would fill in foreign bytes.
      if (this.#closed && this.#reads === 0) this.#calls.closeSync(this.fileDescriptor);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#reads === 0) this.#calls.closeSync(this.fileDescriptor);
  }
}
