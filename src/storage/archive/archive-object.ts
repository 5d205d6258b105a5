// A member opened for reading: a window on the archive's file, which stays open as long as the store does.
import type { ObjectInfo, OpenObject } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import type { ArchiveFile } from './archive-file.ts';
import { fillFromMember } from './member-bytes.ts';
import type { Member } from './tar-contents.ts';

export class ArchiveObject implements OpenObject {
  readonly info: ObjectInfo;
  /** The archive's own would do for sendfile only where the member began at offset 0. */
  readonly fileDescriptor = undefined;
  readonly inMemory = undefined;
  readonly #file: ArchiveFile;
  readonly #member: Member;
  #closed = false;

  constructor(file: ArchiveFile, member: Member, info: ObjectInfo) {
    this.#file = file;
    this.#member = member;
    this.info = info;
  }

  async readInto(buffer: Uint8Array, at: number): Promise<number> {
    if (this.#closed) throw new StorageError('unavailable', 'read of an object that was closed');
    const length = Math.max(0, Math.min(buffer.byteLength, this.#member.size - at));
    await fillFromMember(this.#file, this.#member, buffer.subarray(0, length), at);
    return length;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
