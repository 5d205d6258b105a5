// Lists referrers where a registry has no API for them: an index under the referrers tag, kept by clients (distribution-spec, Referrers Tag
// Schema, and Pushing Manifests with Subject).
import { z } from 'zod';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import type { Reference } from '../oci/reference.ts';
import { referrersTagOf } from '../oci/referrers-tag.ts';
import type { RemoteRepository } from './remote-repository.ts';

const list = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(z.unknown()).nullish() });
const entry = z.looseObject({ digest: z.string() });

/** What others listed stays as it is. False where the tag is somebody's image, which is left alone. */
export async function listUnderReferrersTag(
  repository: RemoteRepository,
  subject: Digest,
  referrers: readonly Descriptor[],
): Promise<boolean> {
  const reference: Reference = { kind: 'tag', tag: referrersTagOf(subject) };
  const found = await repository.document(reference);
  const listed = found === undefined ? { manifests: [] } : list.safeParse(jsonOf(found)).data;
  if (listed === undefined || 'layers' in listed) return false;
  const manifests = listed.manifests ?? [];
  const known = new Set(manifests.map((each) => entry.safeParse(each).data?.digest));
  const added = referrers.filter(({ digest }) => !known.has(digest));
  if (added.length === 0) return true;
  const mediaType = mediaTypes.imageIndex;
  const index = { schemaVersion: 2, mediaType, ...listed, manifests: [...manifests, ...added] };
  const bytes = Buffer.from(JSON.stringify(index));
  await repository.putManifest(reference, { bytes, mediaType });
  return true;
}

/** Undefined for what is no JSON. */
function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
