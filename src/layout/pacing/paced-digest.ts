// The digest of bytes that are in memory: megabytes of them a piece at a time, while others take their turns.
import { type Digest, type DigestAlgorithm, Digester } from '../../oci/digest.ts';
import { Pace } from './pace.ts';

/** Less than a millisecond, or some on a machine without instructions for it. */
const pieceBytes = 256 * 1024;

export async function pacedDigestOf(bytes: Uint8Array, algorithm: DigestAlgorithm): Promise<Digest> {
  const digester = new Digester(algorithm);
  const pace = new Pace();
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    digester.update(bytes.subarray(at, at + pieceBytes));
    await pace.step();
  }
  return digester.digest();
}
