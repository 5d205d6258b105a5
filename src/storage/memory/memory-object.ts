// Bytes in memory that one or several keys share, and the versions they go through.
import type { ObjectInfo, Version, VersionLabel } from '../object-store.ts';
import { versionLabel } from '../version-label.ts';

let lastLabel = 0;

/** No two objects, and no two states of one, ever have the same. */
export function newLabel(): VersionLabel {
  lastLabel += 1;
  return versionLabel(`memory-${lastLabel}`, '');
}

export class MemoryObject {
  #bytes: Uint8Array;
  #label: VersionLabel;
  #modifiedAtMs: number;
  #changedAtMs: number;
  /** True once `append` made the buffer, with room at its end. */
  #ownsBuffer = false;
  /** How many keys hold it. */
  hardLinks = 0;

  constructor(bytes: Uint8Array, label: VersionLabel, modifiedAtMs: number) {
    this.#bytes = bytes;
    this.#label = label;
    this.#modifiedAtMs = modifiedAtMs;
    this.#changedAtMs = modifiedAtMs;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** With the room at its end. */
  get heldBytes(): number {
    return this.#ownsBuffer ? this.#bytes.buffer.byteLength : this.#bytes.byteLength;
  }

  get info(): ObjectInfo {
    return {
      size: this.#bytes.byteLength,
      version: this.#label as string as Version,
      label: this.#label,
      modifiedAtMs: this.#modifiedAtMs,
      changedAtMs: this.#changedAtMs,
      settled: true,
      hardLinks: this.hardLinks,
    };
  }

  /**
   * Room doubles, so that a journal of many short records is not copied for each. Who holds the earlier bytes sees no change. Returns
   * how many bytes more are held.
   */
  append(more: Uint8Array, modifiedAtMs: number): number {
    const heldBefore = this.heldBytes;
    const size = this.#bytes.byteLength + more.byteLength;
    if (!this.#ownsBuffer || this.#bytes.buffer.byteLength < size) {
      const roomy = new Uint8Array(size * 2);
      roomy.set(this.#bytes);
      this.#bytes = roomy.subarray(0, this.#bytes.byteLength);
      this.#ownsBuffer = true;
    }
    const grown = new Uint8Array(this.#bytes.buffer, 0, size);
    grown.set(more, size - more.byteLength);
    this.#bytes = grown;
    this.#label = newLabel();
    this.#modifiedAtMs = modifiedAtMs;
    this.#changedAtMs = modifiedAtMs;
    return this.heldBytes - heldBefore;
  }

  /** A key came or went. */
  keyMoved(by: 1 | -1, atMs: number): void {
    this.hardLinks += by;
    this.#changedAtMs = atMs;
  }
}
