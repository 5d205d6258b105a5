// A stream of chunks read as exact numbers of bytes: what a walk over frames needs.

export class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    await this.#hold(1);
    return this.#held.length === 0;
  }

  /** Exactly `count` bytes; undefined when the stream ends before. */
  async take(count: number): Promise<Buffer | undefined> {
    await this.#hold(count);
    if (this.#held.length < count) return undefined;
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /** Passes over `count` bytes without holding them, and tells of each piece; false when the stream ends before. */
  async skip(count: number, onPiece: (piece: Buffer) => void = () => {}): Promise<boolean> {
    let left = count;
    while (left > 0) {
      await this.#hold(1);
      if (this.#held.length === 0) return false;
      const part = Math.min(left, this.#held.length);
      onPiece(this.#held.subarray(0, part));
      this.#held = this.#held.subarray(part);
      left -= part;
    }
    return true;
  }

  async #hold(count: number): Promise<void> {
    while (this.#held.length < count) {
      const next = await this.#chunks.next();
      if (next.done === true) return;
      this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    }
  }
}
