// Digests: parsing, the two registered algorithms we store, and digests of bytes (image-spec, descriptor.md, Digests).
import { createHash, type Hash, hash } from 'node:crypto';
import type { Brand } from './brand.ts';
import { RegistryError } from './error-code.ts';

/** `sha256:<64 hex>` or `sha512:<128 hex>`, lower case. */
export type Digest = Brand<string, 'Digest'>;

export type DigestAlgorithm = 'sha256' | 'sha512';

export const digestAlgorithms: readonly DigestAlgorithm[] = ['sha256', 'sha512'];
export const canonicalAlgorithm: DigestAlgorithm = 'sha256';

const registered = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;
/** The general grammar: what a descriptor may hold although we cannot verify it (image-spec, Digests). */
const grammar = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

export function isDigest(text: string): text is Digest {
  return registered.test(text);
}

/** True for any digest of the grammar, also of algorithms this registry does not store. */
export function isDigestLike(text: string): boolean {
  return grammar.test(text);
}

/** Refuses with DIGEST_INVALID (400) what is malformed, upper case, or of an algorithm that cannot be verified here. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const detail = isDigestLike(text) ? 'unsupported digest algorithm or wrong length' : 'not a digest';
  throw new RegistryError('DIGEST_INVALID', { message: 'invalid digest', detail });
}

/** Refuses with DIGEST_INVALID (400): distribution-spec main, `digest-algorithm` on the upload POST. */
export function parseDigestAlgorithm(text: string): DigestAlgorithm {
  const found = digestAlgorithms.find((algorithm) => algorithm === text);
  if (found === undefined) {
    throw new RegistryError('DIGEST_INVALID', {
      message: 'unsupported digest algorithm',
      detail: 'use sha256 or sha512',
    });
  }
  return found;
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The part after the colon; the spec's word is "encoded", not "hex". */
export function encodedOf(digest: Digest): string {
  return digest.slice(7);
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = canonicalAlgorithm): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}` as Digest;
}

/** A running hash that can be asked for its digest and go on. */
export class Digester {
  readonly algorithm: DigestAlgorithm;
  readonly #hash: Hash;
  #bytes = 0;

  constructor(algorithm: DigestAlgorithm) {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  /** Bytes hashed so far. */
  get bytes(): number {
    return this.#bytes;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
  }

  digest(): Digest {
    return `${this.algorithm}:${this.#hash.copy().digest('hex')}` as Digest;
  }
}
