// The digest of bytes that are in memory, or of an object that is open: a piece at a time, while others take their turns.
import { type Digest, type DigestAlgorithm, Digester } from '../../oci/digest.ts';
import type { OpenObject } from '../../storage/object-store.ts';
import { Pace } from './pace.ts';

/** Less than a millisecond, or some on a machine without instructions for it. */
const pieceBytes = 256 * 1024;
/** What is read from a disk at once: larger pieces are no faster. */
const readBytes = 1024 * 1024;

export async function pacedDigestOf(bytes: Uint8Array, algorithm: DigestAlgorithm): Promise<Digest> {
  const digester = new Digester(algorithm);
  const pace = new Pace();
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    digester.update(bytes.subarray(at, at + pieceBytes));
    await pace.step();
  }
  return digester.digest();
}

/** Reads it to its end. Throws the signal's reason once it is aborted. */
export async function digestOfObject(
  object: Pick<OpenObject, 'info' | 'readInto'>,
  algorithm: DigestAlgorithm,
  signal?: AbortSignal,
): Promise<Digest> {
  const digester = new Digester(algorithm);
  const pace = new Pace();
  const buffer = Buffer.allocUnsafe(Math.min(readBytes, Math.max(object.info.size, 1)));
  for (let read = await object.readInto(buffer, 0); read > 0; read = await object.readInto(buffer, digester.bytes)) {
    signal?.throwIfAborted();
    digester.update(buffer.subarray(0, read));
    await pace.step();
  }
  return digester.digest();
}
