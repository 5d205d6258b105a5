// Whether an index.json may hold full names, told from its bytes: a walk over thousands of layouts need not parse them all.
import { annotationKeys } from '../../oci/annotations.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { LayoutKeys } from '../files/keys.ts';

/** What is larger is parsed. */
const maxProbedBytes = 8 * 1024 * 1024;
const fullRefName = new RegExp(`"${annotationKeys.refName.replaceAll('.', '\\.')}"\\s*:\\s*"[^"]*[/:@\\\\]`);

/** True also when nobody can tell without parsing; false for a file that vanished. */
export async function mayHoldFullNames(store: ObjectReader, keys: LayoutKeys): Promise<boolean> {
  try {
    const object = await store.read(keys.index, maxProbedBytes);
    if (object === undefined) return false;
    const text = Buffer.from(object.bytes.buffer, object.bytes.byteOffset, object.bytes.byteLength).toString('latin1');
    return text.includes(annotationKeys.imageName) || text.includes(annotationKeys.baseName) || fullRefName.test(text);
  } catch (error) {
    if (error instanceof StorageError) return true;
    throw error;
  }
}
