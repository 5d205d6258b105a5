// Ids of upload sessions that have no bytes yet, and no file for that reason: when and for whom one was given out is in the id itself, under a
// keyed hash, so that every process that shares the key knows its own, also after a restart, and nobody makes one up.
import { hash, randomBytes as newRandomBytes, timingSafeEqual } from 'node:crypto';
import { canonicalAlgorithm, type DigestAlgorithm, digestAlgorithms } from '../oci/digest.ts';
import type { UploadId } from '../oci/upload-id.ts';
import type { SessionPlace } from './upload-session.ts';

/** In bytes: seconds since the epoch, the place of the algorithm in its list, a random part, and the hash. Together they are as long as a UUID, and look like one. */
const [timeBytes, algorithmBytes, randomBytes, hashBytes] = [4, 1, 5, 6];
const hashAt = timeBytes + algorithmBytes + randomBytes;

export interface BegunUpload {
  readonly algorithm: DigestAlgorithm;
  /** By the clock of whoever gave it out, in whole seconds. */
  readonly startedAtMs: number;
}

/** Of SHA-256. */
const blockBytes = 64;
/** To ask for each id's own costs more than all else of it. */
const randomAtOnce = 512;

export class UploadIds {
  readonly #inner: Buffer;
  readonly #outer: Buffer;
  #random = Buffer.alloc(0);

  /** Of one block of SHA-256 at most. */
  constructor(key: Uint8Array) {
    [this.#inner, this.#outer] = [paddedWith(key, 0x36), paddedWith(key, 0x5c)];
  }

  issue(place: SessionPlace, { algorithm, startedAtMs }: BegunUpload): UploadId {
    const bytes = Buffer.allocUnsafe(hashAt + hashBytes);
    bytes.writeUInt32BE(Math.floor(startedAtMs / 1_000) >>> 0, 0);
    bytes.writeUInt8(digestAlgorithms.indexOf(algorithm), timeBytes);
    if (this.#random.byteLength < randomBytes) this.#random = newRandomBytes(randomAtOnce * randomBytes);
    this.#random.copy(bytes, timeBytes + algorithmBytes, 0, randomBytes);
    this.#random = this.#random.subarray(randomBytes);
    this.#hashOf(bytes, place).copy(bytes, hashAt);
    const hex = bytes.toString('hex');
    const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
    return groups.join('-') as UploadId;
  }

  /** Undefined for one that was not given out for that place. */
  read(id: UploadId, place: SessionPlace): BegunUpload | undefined {
    const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
    if (!timingSafeEqual(bytes.subarray(hashAt), this.#hashOf(bytes, place))) return undefined;
    const algorithm = digestAlgorithms[bytes.readUInt8(timeBytes)] ?? canonicalAlgorithm;
    return { algorithm, startedAtMs: bytes.readUInt32BE(0) * 1_000 };
  }

  /** HMAC (RFC 2104) of two hashes in one step each: node:crypto makes an object for it that costs five times as much. */
  #hashOf(bytes: Buffer, { repository, uploader }: SessionPlace): Buffer {
    // No name holds a zero byte, and a prefix tells nobody from somebody without a name.
    const whose = uploader === undefined ? 'nobody' : `by ${uploader}`;
    const text = Buffer.from(`${repository}\0${whose}`);
    const inner = hash('sha256', Buffer.concat([this.#inner, bytes.subarray(0, hashAt), text]), 'buffer');
    return hash('sha256', Buffer.concat([this.#outer, inner]), 'buffer').subarray(0, hashBytes);
  }
}

function paddedWith(key: Uint8Array, padding: number): Buffer {
  const block = Buffer.alloc(blockBytes, padding);
  for (const [at, byte] of key.entries()) block[at] = byte ^ padding;
  return block;
}
