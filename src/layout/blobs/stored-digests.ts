// Which blobs a layout holds, by the names of its files. What bears no digest for a name is another program's business.
import { type Digest, digestAlgorithms, isDigest } from '../../oci/digest.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import type { LayoutKeys } from '../files/keys.ts';

/** In byte order of each algorithm; without links, and without what is no regular file. */
export async function digestsIn(store: ObjectReader, { blobs }: Pick<LayoutKeys, 'blobs'>): Promise<readonly Digest[]> {
  const all = await Promise.all(
    digestAlgorithms.map(async (algorithm) => {
      const children = await store.list(blobs(algorithm));
      return children.flatMap(({ name, kind }) => {
        const digest = `${algorithm}:${name}`;
        return kind === 'object' && isDigest(digest) ? [digest] : [];
      });
    }),
  );
  return all.flat();
}
