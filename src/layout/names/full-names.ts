// Whether an index.json lists anything, and may hold full names, told from its bytes: a walk over thousands of layouts need not parse them all.
import { annotationKeys } from '../../oci/annotations.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { LayoutKeys } from '../files/keys.ts';
import { listsNothing } from '../index/empty-index.ts';

/** What is larger is parsed. */
const maxProbedBytes = 8 * 1024 * 1024;
const fullRefName = new RegExp(`"${annotationKeys.refName.replaceAll('.', '\\.')}"\\s*:\\s*"[^"]*[/:@\\\\]`);

/**
 * `one`: the layout is the repository of its own name. `none`: it lists nothing, so nothing can be had from it, and a file that vanished is no
 * layout. `unknown`: nobody can tell without parsing.
 */
export type GlancedNames = 'none' | 'one' | 'unknown';

export async function glanceAtNames(store: ObjectReader, keys: LayoutKeys): Promise<GlancedNames> {
  try {
    const object = await store.read(keys.index, maxProbedBytes);
    if (object === undefined || listsNothing(object.bytes)) return 'none';
    const text = Buffer.from(object.bytes.buffer, object.bytes.byteOffset, object.bytes.byteLength).toString('latin1');
    const mayBeFull =
      text.includes(annotationKeys.imageName) || text.includes(annotationKeys.baseName) || fullRefName.test(text);
    return mayBeFull ? 'unknown' : 'one';
  } catch (error) {
    if (error instanceof StorageError) return 'unknown';
    throw error;
  }
}
