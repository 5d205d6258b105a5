// Puts bytes that are what a digest says in the place of what is not, durably: staged, hashed while they are copied, and renamed.
import { Readable } from 'node:stream';
import { algorithmOf, type Digest, Digester } from '../../oci/digest.ts';
import { newUploadId } from '../../oci/upload-id.ts';
import type { Key, ObjectInfo, ObjectStore } from '../../storage/object-store.ts';

/** Undefined where the bytes are others: then nothing was changed. Throws what the source throws. */
export async function putGoodBytes(
  store: ObjectStore,
  { digest, key }: { readonly digest: Digest; readonly key: Key },
  bytes: AsyncIterable<Uint8Array>,
): Promise<ObjectInfo | undefined> {
  const staged = await store.stage(newUploadId(), {});
  const digester = new Digester(algorithmOf(digest));
  try {
    await staged.append(Readable.from(bytes, { objectMode: false }), { onChunk: (chunk) => digester.update(chunk) });
    if (digester.digest() === digest) return await staged.commit(key);
    await staged.discard();
    return undefined;
  } catch (error) {
    await staged.discard();
    throw error;
  }
}
