// What cosign keeps of a manifest under tags of its own, in a source.
import { cosignTagsOf } from '../oci/cosign-tag.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import type { ImageSource, SourceManifest } from './image-source.ts';
import { manifestIfThere } from './manifest-if-there.ts';

export interface CosignManifest extends SourceManifest {
  readonly tag: Tag;
}

/** Each tag is asked for, which costs less than a list of thousands. */
export async function taggedByCosign(
  source: ImageSource,
  repository: RepositoryName,
  subject: Digest,
): Promise<readonly CosignManifest[]> {
  const asked = cosignTagsOf(subject).map(async ({ tag }) => {
    const found = await manifestIfThere(source, repository, { kind: 'tag', tag });
    return found === undefined ? [] : [{ ...found, tag }];
  });
  return (await Promise.all(asked)).flat();
}

/** cosign keeps the signatures of everybody in one manifest: of two, one is lost, and somebody should know. */
export function replacedSignature(tag: Tag, there: Digest): string {
  return `what was there as ${tag} is replaced by that of the source (it was ${there})`;
}
