// Decides what an import copies and under which names it arrives, before anything is copied.
import { cosignTagParts } from '../oci/cosign-tag.ts';
import { RegistryError } from '../oci/error-code.ts';
import { parseRepositoryName, type Reference, type RepositoryName, type Tag } from '../oci/reference.ts';
import { CopyError } from './copy-error.ts';
import type { ImageSource } from './image-source.ts';
import { nameWithin, type OwnName } from './own-name.ts';

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

/**
 * In the order of the copy; without a target each image keeps its own name. Throws CopyError when there is nothing to copy, when the
 * target's tag would name several images, or when an image has no name.
 */
export async function planImport(
  source: ImageSource,
  { repository, reference, within, referrers = true }: ImportSelection,
  target: ImportTarget | OwnName,
): Promise<readonly PlannedImage[]> {
  const from = repository === undefined ? await repositoriesOf(source) : [repository];
  const [only] = from;
  if (only === undefined) throw new CopyError(`${source.description} holds no repository`);
  const names: ArrivingNames =
    typeof target === 'function'
      ? { tag: undefined, of: (name, tag) => ownNameIn(source, name, tag, target) }
      : { tag: target.tag, of: (name) => (from.length === 1 ? target.name : nameBelow(target.name, name, within)) };
  if (reference !== undefined) {
    if (from.length > 1) throw new CopyError(`${source.description} holds several repositories; name one of them`);
    const kept = reference.kind === 'tag' ? reference.tag : undefined;
    return [{ from: only, reference, to: await names.of(only, kept), tag: names.tag ?? kept }];
  }
  const planned: PlannedImage[] = [];
  for (const name of from) {
    for (const tag of await source.tags(name)) {
      if (!referrers && cosignTagParts(tag) !== undefined) continue;
      planned.push({ from: name, reference: { kind: 'tag', tag }, to: await names.of(name, tag), tag });
    }
  }
  if (planned.length === 0) throw new CopyError(`${source.description} has no tags; name an image by its digest`);
  return names.tag === undefined ? planned : [underTag(planned, names.tag, source)];
}

interface ArrivingNames {
  /** Of the only image. */
  readonly tag: Tag | undefined;
  of(name: RepositoryName, tag: Tag | undefined): RepositoryName | Promise<RepositoryName>;
}

/** The base name of a file will not do: whoever downloaded it chose that, and no mirror is asked for it. */
async function ownNameIn(
  { description }: ImageSource,
  name: RepositoryName,
  tag: Tag | undefined,
  ownName: OwnName,
): Promise<RepositoryName> {
  const own = await ownName(name, tag);
  if (own !== undefined) return own;
  const image = tag === undefined ? name : `${name}:${tag}`;
  throw new CopyError(`${description} says no name of ${image}; write one: moorage import SOURCE NAME`);
}

function nameBelow(target: RepositoryName, name: RepositoryName, within: string | undefined): RepositoryName {
  return name === within ? target : parseRepositoryName(`${target}/${nameWithin(name, within)}`);
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
