// A manifest that a source need not have, although something there names it: a sparse index, a tag that dangles, a referrer that is gone.
import { RegistryError } from '../oci/error-code.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import type { ImageSource, SourceManifest } from './image-source.ts';

/** Undefined where the source answers MANIFEST_UNKNOWN. Throws NAME_UNKNOWN, and whatever else keeps it from being read. */
export async function manifestIfThere(
  source: ImageSource,
  name: RepositoryName,
  reference: Reference,
): Promise<SourceManifest | undefined> {
  try {
    return await source.manifest(name, reference);
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}
