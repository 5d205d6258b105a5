// What `moorage ls` prints: a table, names, or JSON.
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import type { ImageSummary, TagSummary } from '../transfer/image-summary.ts';
import { textTable } from './output-table.ts';
import { humanSize, jsonDocument, shownDate, shownDigest } from './output-text.ts';

export interface ListedRepository {
  readonly name: RepositoryName;
  readonly tags: readonly (TagSummary | { readonly tag: Tag })[];
  /** Images that no tag leads to, where the source can tell. */
  readonly untagged: readonly (ImageSummary | { readonly digest: Digest })[];
  /** Why there are no tags. */
  readonly problem: string | undefined;
  /** The problem is not one of what we may read. */
  readonly failed: boolean;
}

export interface Listing {
  readonly source: string;
  readonly repositories: readonly ListedRepository[];
}

const header = ['REPOSITORY', 'TAG', 'DIGEST', 'TYPE', 'SIZE', 'CREATED'];
/** Repository, tag and type; digests are to be copied. */
const flexible = [0, 1, 3];
const none = '-';

/** `columns` of a terminal. */
export function lsTable({ repositories }: Listing, truncated: boolean, columns: number | undefined): string {
  const rowOf = (name: RepositoryName, tag: string, image: ImageSummary) => {
    const digest = shownDigest(image.digest, truncated);
    return [name, tag, digest, typeOf(image), humanSize(image.contentSize), shownDate(image.created) ?? none];
  };
  const rows = repositories.flatMap(({ name, tags, untagged, problem }) => {
    const tagged = tags.map((each) => {
      const image = 'image' in each ? each.image : undefined;
      return image === undefined ? [name, each.tag, none, 'missing', none, none] : rowOf(name, each.tag, image);
    });
    const others = untagged.flatMap((each) => ('type' in each ? [rowOf(name, none, each)] : []));
    if (tagged.length + others.length > 0) return [...tagged, ...others];
    return [[name, none, none, problem === undefined ? 'no tags' : 'unreadable', none, none]];
  });
  return textTable(header, rows, { columns: truncated ? columns : undefined, flexible });
}

export function lsNames({ repositories }: Listing): string {
  const lines = repositories.flatMap(({ name, tags, untagged }) => [
    ...tags.map(({ tag }) => `${name}:${tag}\n`),
    ...untagged.map(({ digest }) => `${name}@${digest}\n`),
  ]);
  return lines.join('');
}

/** The form that `moorage ls --help` describes. */
export function lsJson({ source, repositories }: Listing): string {
  const tagOf = (each: ListedRepository['tags'][number]) => {
    if (!('image' in each)) return { tag: each.tag };
    return each.image === undefined
      ? { tag: each.tag, problem: 'missing' }
      : { tag: each.tag, ...imageJson(each.image) };
  };
  return jsonDocument({
    source,
    repositories: repositories.map(({ name, tags, untagged, problem }) => ({
      name,
      tags: tags.map(tagOf),
      untagged:
        untagged.length === 0 ? undefined : untagged.map((each) => ('omitted' in each ? imageJson(each) : each)),
      problem,
    })),
  });
}

const shownPlatforms = 4;

/** Of what is too large to be looked at whole, how much was left out. */
function imageJson({ omitted, ...image }: ImageSummary): object {
  return omitted === 0 ? image : { ...image, omitted };
}

function typeOf({ type, platforms, artifactType, missing }: ImageSummary): string {
  const more = platforms.length - shownPlatforms;
  const listed = [...platforms.slice(0, shownPlatforms), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const what = type === 'artifact' ? (artifactType ?? '') : listed;
  const gaps = missing === 0 ? '' : `(${missing} missing)`;
  return [type, what, gaps].filter((part) => part !== '').join(' ');
}
