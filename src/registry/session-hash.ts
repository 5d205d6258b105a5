// The hash of what an upload session has received so far, taken while the bytes come in.
import { type Digest, type DigestAlgorithm, Digester } from '../oci/digest.ts';
import type { HashedBytes } from './upload-sharers.ts';

/** The running hash beside a session's bytes; worth something only while it has seen every one of them, once and in order. */
export class SessionHash {
  readonly #algorithm: DigestAlgorithm;
  #made: Digester | undefined;
  #sawAll = true;
  /** Of bytes that stand before all that comes. */
  readonly #before: HashedBytes | undefined;

  constructor(algorithm: DigestAlgorithm, before?: HashedBytes) {
    this.#algorithm = algorithm;
    this.#before = before;
  }

  /** Many sessions never have one: a small blob is hashed in one step. */
  get #digester(): Digester {
    this.#made ??= new Digester(this.#algorithm);
    return this.#made;
  }

  /** Before bytes are appended at `size`: when other bytes than those hashed stand before them, the hash is of no use any more. */
  continueAt(size: number): void {
    if (this.#digester.bytes !== size) this.#sawAll = false;
  }

  update(chunk: Uint8Array): void {
    if (this.#sawAll) this.#digester.update(chunk);
  }

  /** The digest of all `size` bytes, when exactly those were hashed with that algorithm; undefined asks to hash the bytes again. */
  digestOf(size: number, algorithm: DigestAlgorithm): Digest | undefined {
    if (this.#before?.size === size && this.#before.algorithm === algorithm) return this.#before.digest;
    const usable = this.#sawAll && this.#digester.bytes === size && this.#digester.algorithm === algorithm;
    return usable ? this.#digester.digest() : undefined;
  }

  /** What another process may go on with, when all `size` bytes were hashed here. */
  hashed(size: number): HashedBytes | undefined {
    const algorithm = this.#algorithm;
    const digest = size === 0 ? undefined : this.digestOf(size, algorithm);
    return digest && { size, algorithm, digest };
  }
}
