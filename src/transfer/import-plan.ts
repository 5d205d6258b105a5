// Decides what an import copies and under which names it arrives, before anything is copied.
import { cosignTagParts } from '../oci/cosign-tag.ts';
import { RegistryError } from '../oci/error-code.ts';
import { parseRepositoryName, type Reference, type RepositoryName, type Tag } from '../oci/reference.ts';
import { CopyError } from './copy-error.ts';
import type { ImageSource } from './image-source.ts';

/** What was named of a source: everything, one repository, or one image of it. */
export interface ImportSelection {
  readonly repository: RepositoryName | undefined;
  readonly reference: Reference | undefined;
  /** What a layout or archive is called of which everything is copied: its repositories are named without it below the target. */
  readonly within?: string | undefined;
  /** False: tags of cosign are left out where all tags are copied. */
  readonly referrers?: boolean;
}

/** NAME[:TAG] of the command line. */
export interface ImportTarget {
  readonly name: RepositoryName;
  readonly tag: Tag | undefined;
}

export interface PlannedImage {
  readonly from: RepositoryName;
  readonly reference: Reference;
  readonly to: RepositoryName;
  /** Undefined when it arrives without a tag. */
  readonly tag: Tag | undefined;
}

/** In the order of the copy. Throws CopyError when there is nothing to copy, or when the target's tag would name several images. */
export async function planImport(
  source: ImageSource,
  { repository, reference, within, referrers = true }: ImportSelection,
  target: ImportTarget,
): Promise<readonly PlannedImage[]> {
  const from = repository === undefined ? await repositoriesOf(source) : [repository];
  const [only] = from;
  if (only === undefined) throw new CopyError(`${source.description} holds no repository`);
  if (reference !== undefined) {
    if (from.length > 1) throw new CopyError(`${source.description} holds several repositories; name one of them`);
    const kept = reference.kind === 'tag' ? reference.tag : undefined;
    return [{ from: only, reference, to: target.name, tag: target.tag ?? kept }];
  }
  const planned: PlannedImage[] = [];
  for (const name of from) {
    const to = from.length === 1 ? target.name : nameBelow(target.name, name, within);
    for (const tag of await source.tags(name)) {
      if (referrers || cosignTagParts(tag) === undefined)
        planned.push({ from: name, reference: { kind: 'tag', tag }, to, tag });
    }
  }
  if (planned.length === 0) throw new CopyError(`${source.description} has no tags; name an image by its digest`);
  return target.tag === undefined ? planned : [underTag(planned, target.tag, source)];
}

function nameBelow(target: RepositoryName, name: RepositoryName, within: string | undefined): RepositoryName {
  return name === within ? target : parseRepositoryName(`${target}/${nameWithin(name, within)}`);
}

/** The name of a repository without the one of the layout or archive that it lies in. */
export function nameWithin(name: RepositoryName, within: string | undefined): RepositoryName {
  const isBelow = within !== undefined && name.startsWith(`${within}/`);
  return isBelow ? parseRepositoryName(name.slice(within.length + 1)) : name;
}

function underTag(planned: readonly PlannedImage[], tag: Tag, source: ImageSource): PlannedImage {
  const [only] = planned;
  if (only !== undefined && planned.length === 1) return { ...only, tag };
  throw new CopyError(
    `${source.description} holds ${planned.length} tags, which cannot all be named "${tag}"; pick one of them, or leave the tag out`,
  );
}

async function repositoriesOf(source: ImageSource): Promise<readonly RepositoryName[]> {
  try {
    return await source.repositories();
  } catch (error) {
    if (!(error instanceof RegistryError && error.code === 'UNSUPPORTED')) throw error;
    throw new CopyError(`${source.description} does not list its repositories; name one of them`, { cause: error });
  }
}
