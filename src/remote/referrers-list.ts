// The referrers of a digest: by the API, or by the referrers tag schema where a registry has no API (distribution-spec, Listing Referrers).
import { z } from 'zod';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest } from '../oci/digest.ts';
import { isImageIndexType, mediaTypeEssence, mediaTypes } from '../oci/media-type.ts';
import { everyPage, jsonOf } from './paged-document.ts';
import type { Document, Question, RegistryClient } from './registry-client.ts';

const response = z.looseObject({ manifests: z.array(z.unknown()).nullable() });
const listed = z.looseObject({
  mediaType: z.string().max(255),
  digest: z.string().refine(isDigest),
  size: z.int().nonnegative(),
  artifactType: z.string().nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/** As the registry lists them; undefined when its answer is no list of referrers, as of servers that answer anything with a page. */
export async function listReferrers(
  client: RegistryClient,
  question: Question,
): Promise<readonly Descriptor[] | undefined> {
  return everyPage(client, { ...question, headers: { accept: mediaTypes.imageIndex } }, descriptorsIn);
}

/** The descriptors of a referrers response; undefined when it is none. */
function descriptorsIn(page: Document): readonly Descriptor[] | undefined {
  const type = mediaTypeEssence(page.answer.headers.get('content-type') ?? '');
  if (!isImageIndexType(type) && type !== 'application/json') return undefined;
  const parsed = response.safeParse(jsonOf(page));
  if (!parsed.success) return undefined;
  const descriptors: Descriptor[] = [];
  for (const each of parsed.data.manifests ?? []) {
    const found = listed.safeParse(each);
    // The first wrong one is enough: there may be a million.
    if (!found.success) return undefined;
    const { mediaType, digest, size, artifactType, annotations } = found.data;
    const optional = { ...(artifactType ? { artifactType } : {}), ...(annotations ? { annotations } : {}) };
    descriptors.push({ mediaType, digest, size, ...optional });
  }
  return descriptors;
}
