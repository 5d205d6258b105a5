// Ids of upload sessions that have no bytes yet, and no file for that reason: when and for whom one was given out is in the id itself, under a
// keyed hash, so that every process that shares the key knows its own, also after a restart, and nobody makes one up.
import { createHmac, randomFillSync, timingSafeEqual } from 'node:crypto';
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

export class UploadIds {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  issue(place: SessionPlace, { algorithm, startedAtMs }: BegunUpload): UploadId {
    const bytes = Buffer.allocUnsafe(hashAt + hashBytes);
    bytes.writeUInt32BE(Math.floor(startedAtMs / 1_000) >>> 0, 0);
    bytes.writeUInt8(digestAlgorithms.indexOf(algorithm), timeBytes);
    randomFillSync(bytes, timeBytes + algorithmBytes, randomBytes);
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

  #hashOf(bytes: Buffer, { repository, uploader }: SessionPlace): Buffer {
    // No name holds a zero byte, and a prefix tells nobody from somebody without a name.
    const whose = uploader === undefined ? 'nobody' : `by ${uploader}`;
    const hash = createHmac('sha256', this.#key).update(bytes.subarray(0, hashAt));
    return hash.update(`${repository}\0${whose}`).digest().subarray(0, hashBytes);
  }
}
