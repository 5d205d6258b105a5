// Every manifest that entries lead to with all that it refers to, for searches whose answer must be right: whoever deletes what no
// manifest needs has to know all of them.
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-type.ts';
import type { ManifestOutline } from './manifest-outline.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { ManifestWalk } from './manifest-walk.ts';

/** A manifest, and the type that it is taken for. */
export interface Listed {
  readonly digest?: Digest | undefined;
  readonly mediaType?: string | undefined;
}

interface ListedManifest extends Listed {
  readonly digest: Digest;
}

/** What keeps a search from being complete, in words for a client. */
export class UnsearchableError extends Error {
  override readonly name = 'UnsearchableError';
}

/** Throws UnsearchableError where a manifest is there and cannot be read, and as soon as more than `limit` are known of. */
export async function* outlinesBelow(
  listed: readonly Listed[],
  manifests: ManifestReader,
  limit: number,
): AsyncGenerator<ManifestOutline> {
  const walk = new ManifestWalk<ListedManifest>(limit);
  const add = async (found: Iterable<ListedManifest>) => {
    await walk.add(found);
    if (!walk.isWhole) throw new UnsearchableError(`there are more than ${limit} manifests`);
  };
  await add(manifestsAmong(listed));
  for await (const { digest, mediaType } of walk) {
    const outline = await outlineIn(manifests, digest, mediaType);
    if (outline === undefined) continue;
    yield outline;
    await add(outline.facts.children);
  }
}

function* manifestsAmong(listed: readonly Listed[]): Generator<ListedManifest> {
  for (const { digest, mediaType } of listed) {
    if (digest !== undefined && (mediaType === undefined || isManifestType(mediaType))) yield { digest, mediaType };
  }
}

/**
 * Undefined for what is not there, and for what is no manifest: a layout may list anything (image-spec, image-layout.md). What is taken
 * for the wrong type counts as what it says itself: another entry may list it as that.
 */
async function outlineIn(
  manifests: ManifestReader,
  digest: Digest,
  mediaType: string | undefined,
): Promise<ManifestOutline | undefined> {
  const bytes = await manifests.read(digest);
  if (bytes !== undefined) {
    const outline = await manifests.outline(digest, mediaType);
    return outline ?? (mediaType === undefined ? undefined : manifests.outline(digest, undefined));
  }
  if (await manifests.has(digest)) throw new UnsearchableError(`the manifest ${digest} cannot be read`);
  return undefined;
}
