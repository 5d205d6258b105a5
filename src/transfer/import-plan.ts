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

export interface ImportPlan {
  readonly images: readonly PlannedImage[];
  /** What is left out, and how to import it. */
  readonly notes: readonly string[];
}

export interface PlannedImage {
  readonly from: RepositoryName;
  readonly reference: Reference;
  readonly to: RepositoryName;
  /** Undefined when it arrives without a tag. */
  readonly tag: Tag | undefined;
}

/**
 * In the order of the copy: tags, and then the images of the repository that no tag leads to (ko, crane), which arrive without one.
 * Without a target each image keeps its own name. Throws CopyError when there is nothing to copy, when the target's tag would name
 * several images, or when an image has no name.
 */
export async function planImport(
  source: ImageSource,
  { repository, reference, within, referrers = true }: ImportSelection,
  target: ImportTarget | OwnName,
): Promise<ImportPlan> {
  const from = repository === undefined ? await repositoriesOf(source) : [repository];
  const [only] = from;
  if (only === undefined) throw new CopyError(`${source.description} holds no repository`);
  const names: ArrivingNames =
    typeof target === 'function'
      ? { tag: undefined, of: target }
      : {
          tag: target.tag,
          of: async (name) => (from.length === 1 ? target.name : nameBelow(target.name, name, within)),
        };
  if (reference !== undefined) {
    if (from.length > 1) throw new CopyError(`${source.description} holds several repositories; name one of them`);
    const kept = reference.kind === 'tag' ? reference.tag : undefined;
    const to = (await names.of(only, kept)) ?? saysNoName(source, only, reference);
    return { images: [{ from: only, reference, to, tag: names.tag ?? kept }], notes: [] };
  }
  const { images, nameless } = await everyImage(source, from, names, referrers);
  const [first] = nameless;
  if (images.length === 0 && first !== undefined) saysNoName(source, ...first);
  if (images.length === 0) throw new CopyError(`${source.description} has no tags; name an image by its digest`);
  return { images: names.tag === undefined ? images : underTag(images, names.tag, source), notes: leftOut(nameless) };
}

function leftOut(nameless: readonly NamedReference[]): readonly string[] {
  const [first, ...rest] = nameless;
  if (first === undefined) return [];
  const all = rest.length === 0 ? imageOf(...first) : `${imageOf(...first)} and ${rest.length} more`;
  return [`left out, since no name is said: ${all}; with a NAME all are imported, below it`];
}

async function everyImage(
  source: ImageSource,
  from: readonly RepositoryName[],
  names: ArrivingNames,
  referrers: boolean,
): Promise<{ images: readonly PlannedImage[]; nameless: readonly NamedReference[] }> {
  const images: PlannedImage[] = [];
  const nameless: NamedReference[] = [];
  for (const name of from) {
    for (const tag of await source.tags(name)) {
      if (!referrers && cosignTagParts(tag) !== undefined) continue;
      const reference: Reference = { kind: 'tag', tag };
      const to = (await names.of(name, tag)) ?? saysNoName(source, name, reference);
      images.push({ from: name, reference, to, tag });
    }
    for (const digest of await source.untagged(name)) {
      const reference: Reference = { kind: 'digest', digest };
      const to = await names.of(name, undefined);
      if (to === undefined) nameless.push([name, reference]);
      else images.push({ from: name, reference, to, tag: undefined });
    }
  }
  return { images, nameless };
}

type NamedReference = readonly [RepositoryName, Reference];

interface ArrivingNames {
  /** Of the only image. */
  readonly tag: Tag | undefined;
  /** Undefined where the image says no name of its own. */
  readonly of: OwnName;
}

/** The base name of a file will not do: whoever downloaded it chose that, and no mirror is asked for it. */
function saysNoName({ description }: ImageSource, name: RepositoryName, reference: Reference): never {
  throw new CopyError(
    `${description} says no name of ${imageOf(name, reference)}; write one: moorage import SOURCE NAME`,
  );
}

function imageOf(name: RepositoryName, reference: Reference): string {
  return reference.kind === 'tag' ? `${name}:${reference.tag}` : `${name}@${reference.digest}`;
}

function nameBelow(target: RepositoryName, name: RepositoryName, within: string | undefined): RepositoryName {
  return name === within ? target : parseRepositoryName(`${target}/${nameWithin(name, within)}`);
}

/** The only tag is renamed, and images without one come along; without tags the only image gets it. */
function underTag(images: readonly PlannedImage[], tag: Tag, { description }: ImageSource): readonly PlannedImage[] {
  const tagged = images.filter((image) => image.tag !== undefined);
  const candidates = tagged.length > 0 ? tagged : images;
  const [only] = candidates;
  if (candidates.length === 1) return images.map((image) => (image === only ? { ...image, tag } : image));
  const what = tagged.length > 0 ? `${tagged.length} tags` : `${images.length} images without a tag`;
  throw new CopyError(
    `${description} holds ${what}, which cannot all be named "${tag}"; pick one of them, or leave the tag out`,
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
