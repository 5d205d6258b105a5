// The tags of one repository among the entries of a layout: all of its bare tags, or those of one image name among several.
// Bare tags alone cost one look-up; only full names and unnamed images need the table of all names.
import { annotationKeys } from '../../oci/annotations.ts';
import type { Digest } from '../../oci/digest.ts';
import { isRepositoryName, type RepositoryName, type Tag } from '../../oci/reference.ts';
import { identityOf } from '../index/entry-key.ts';
import type { NameStyle } from '../index/entry-name.ts';
import {
  canonicalPath,
  dockerHub,
  dockerHubAlias,
  hostComponent,
  type ImageName,
  parseImageName,
  printImageName,
} from '../index/image-name.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import { byteOrder } from '../index/tag-order.ts';
import type { NameRules } from './name-rules.ts';
import { type NameTable, nameTableOf, type VirtualPath } from './name-table.ts';

/** What both a snapshot and a draft can be asked. */
export interface NamedEntries {
  tagged(tag: Tag): readonly IndexEntry[];
  readonly fullNames: readonly IndexEntry[];
  readonly hasTags: boolean;
  readonly entries: Iterable<IndexEntry>;
}

/** The annotations that give an entry its name. */
export type NameAnnotations = Readonly<Record<string, string>>;

/** All names of one layout. */
export class LayoutNames {
  readonly #own: string;
  readonly #rules: NameRules;
  readonly #tables = new WeakMap<NamedEntries, NameTable>();

  /** `own` is the name that the layout itself is served under. */
  constructor(own: string, rules: NameRules) {
    this.#own = own;
    this.#rules = rules;
  }

  get rules(): NameRules {
    return this.#rules;
  }

  of(path: VirtualPath): RepositoryNames {
    return new RepositoryNames(this, canonicalPath(path));
  }

  /** Of a snapshot, which does not change: worked out once. Undefined where bare tags are all there is. */
  table(index: NamedEntries): NameTable | undefined {
    if (!needsTable(index)) return undefined;
    const known = this.#tables.get(index);
    if (known !== undefined) return known;
    const table = this.tableNow(index);
    if (table !== undefined) this.#tables.set(index, table);
    return table;
  }

  /** Of a draft as it stands. */
  tableNow(draft: NamedEntries): NameTable | undefined {
    return needsTable(draft) ? nameTableOf(draft.entries, this.#own, this.#rules) : undefined;
  }
}

function needsTable(source: NamedEntries): boolean {
  return source.fullNames.length > 0 || !source.hasTags;
}

/** Which of the entries of one name it means; undefined where none can be served. `entries` are in the order of the file. */
export function entryMeant(
  entries: readonly IndexEntry[],
  { duplicates }: Pick<NameRules, 'duplicates'>,
): IndexEntry | undefined {
  // What names no digest that we can serve is kept and ignored: it hides no other entry of its name.
  const served = entries.filter(({ digest }) => digest !== undefined);
  return duplicates === 'last' ? served.at(-1) : served[0];
}

export class RepositoryNames {
  readonly path: VirtualPath;
  readonly all: LayoutNames;

  constructor(all: LayoutNames, path: VirtualPath) {
    this.all = all;
    this.path = path;
  }

  /** True when the layout has such a repository; the layout's own one is always there. */
  existsIn(index: NamedEntries): boolean {
    return this.path === '' || this.all.table(index)?.repositories.has(this.path) === true;
  }

  /** The entry that a tag means (docs/layouts.md#duplicates). */
  entryOf(index: NamedEntries, tag: Tag): IndexEntry | undefined {
    return entryMeant(this.#entriesOf(index, tag, this.all.table(index)), this.all.rules);
  }

  /** The full name that the file gives to the image of a tag; undefined where the tag is all that it says. */
  imageOf(index: NamedEntries, tag: Tag | undefined): ImageName | undefined {
    if (this.path !== '') return this.all.table(index)?.imageAt.get(this.path);
    const name = tag === undefined ? undefined : this.entryOf(index, tag)?.name;
    return name?.kind === 'full' ? name.image : undefined;
  }

  /** The same in a draft as it stands. */
  existsNow(draft: NamedEntries): boolean {
    return this.path === '' || this.all.tableNow(draft)?.repositories.has(this.path) === true;
  }

  /** The entry that a tag means in a draft as it stands. */
  entryNow(draft: NamedEntries, tag: Tag): IndexEntry | undefined {
    return entryMeant(this.holders(draft, tag), this.all.rules);
  }

  /** Every entry of the tag in a draft, in the order of the file: a push of the tag replaces them all. */
  holders(draft: NamedEntries, tag: Tag): readonly IndexEntry[] {
    return this.#entriesOf(draft, tag, this.all.tableNow(draft));
  }

  /** In byte order; undefined when bare tags are all there is and the snapshot knows them. */
  tags(index: NamedEntries): readonly Tag[] | undefined {
    const table = this.all.table(index);
    if (table === undefined) return this.path === '' ? undefined : [];
    return [...(table.repositories.get(this.path)?.keys() ?? [])].sort(byteOrder);
  }

  /** Those of a draft as it stands, in no order. */
  tagsNow(draft: NamedEntries): readonly Tag[] {
    const table = this.all.tableNow(draft);
    if (table !== undefined) return [...(table.repositories.get(this.path)?.keys() ?? [])];
    return [...draft.entries].flatMap(({ name }) => (name.kind === 'tag' ? name.tag : []));
  }

  /** All entries that carry the name of this repository, with a tag or without one. */
  named(draft: NamedEntries): ReadonlySet<IndexEntry> {
    const table = this.all.tableNow(draft);
    const tagged = [...(table?.repositories.get(this.path)?.values() ?? [])].flat();
    return new Set([...tagged, ...(table?.tagless.get(this.path) ?? [])]);
  }

  /** Entries that may be of this repository and that no tag of it means: without a name, or with one that no client can ask for. */
  untagged(index: NamedEntries): readonly IndexEntry[] {
    const table = this.all.table(index);
    const tagless = table?.tagless.get(this.path) ?? [];
    if (this.path !== '') return tagless;
    const unnamed = [...index.entries].filter(({ name }) => name.kind === 'none' || name.kind === 'unusable');
    return [...unnamed, ...tagless];
  }

  /** What the tags of all repositories of the layout mean. */
  taggedDigests(index: NamedEntries): ReadonlySet<Digest> {
    const table = this.all.table(index);
    const entries =
      table === undefined
        ? [...index.entries].filter(({ name }) => name.kind === 'tag')
        : [...table.repositories.values()].flatMap((tags) => [...tags.values()].flat());
    return new Set(entries.flatMap(({ digest }) => digest ?? []));
  }

  /** What a new entry of the tag carries, in the style of the file: tools that wrote full names look for full names. */
  annotationsFor(draft: NamedEntries, tag: Tag): NameAnnotations {
    const { refName, imageName, baseName } = annotationKeys;
    const image = this.#imageIn(draft);
    if (image === undefined) return { [refName]: tag };
    const full = spelledAsIn(draft.fullNames, printImageName({ ...image, tag }));
    // zarf of every version finds the one or the other.
    if (mostAreIn(draft, 'base-name')) return { [refName]: full, [baseName]: full };
    if (!mostAreIn(draft, 'image-name')) return { [refName]: full };
    // hauler writes both names with the repository; the others write the tag beside the full name.
    const isBare = mostOf(draft.fullNames, ({ name }) => name.kind === 'full' && name.bareTag !== undefined);
    return { [imageName]: full, [refName]: isBare ? tag : `${image.path}:${tag}` };
  }

  /** Undefined where bare tags are the style. */
  #imageIn(draft: NamedEntries): ImageName | undefined {
    const table = this.all.tableNow(draft);
    if (table === undefined) return undefined;
    if (this.path !== '') return table.imageAt.get(this.path) ?? newImageAt(this.path, table);
    const [only] = table.images;
    return table.images.length === 1 && !draft.hasTags ? only : undefined;
  }

  #entriesOf(source: NamedEntries, tag: Tag, table: NameTable | undefined): readonly IndexEntry[] {
    if (table === undefined) return this.path === '' ? source.tagged(tag) : [];
    return table.repositories.get(this.path)?.get(tag) ?? [];
  }
}

/**
 * What a repository that the file does not name yet is to be called: as the path says where it begins with a registry, after the
 * registry that the file names most where only one image is called so, and without any where that would be another image.
 */
function newImageAt(path: RepositoryName, { images }: NameTable): ImageName {
  const said = parseImageName(path);
  if (said?.host !== undefined) return said;
  const named = images.find(({ host }) => host !== undefined && path.startsWith(`${hostComponent(host)}/`));
  if (named?.host !== undefined) {
    const rest = path.slice(path.indexOf('/') + 1);
    if (isRepositoryName(rest)) return { host: named.host, path: rest, tag: undefined };
  }
  if (images.some((image) => image.path === path)) return { host: undefined, path, tag: undefined };
  const counts = new Map<string | undefined, number>();
  for (const image of images) counts.set(image.host, (counts.get(image.host) ?? 0) + 1);
  const [host] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), [images[0]?.host, 0] as const);
  return { host, path, tag: undefined };
}

/** crane and hauler look for the very spelling of Docker Hub that they write. */
function spelledAsIn(entries: readonly IndexEntry[], full: string): string {
  if (!full.startsWith(`${dockerHub}/`)) return full;
  const hub = entries.filter(({ name }) => name.kind === 'full' && name.image.host === dockerHub);
  const isAlias = mostOf(hub, ({ key }) => {
    const { imageName, refName } = identityOf(key);
    return (imageName ?? refName)?.startsWith(`${dockerHubAlias}/`) === true;
  });
  return isAlias ? full.replace(dockerHub, dockerHubAlias) : full;
}

function mostAreIn({ fullNames }: NamedEntries, style: NameStyle): boolean {
  return mostOf(fullNames, ({ name }) => name.kind === 'full' && name.style === style);
}

function mostOf(entries: readonly IndexEntry[], holds: (entry: IndexEntry) => boolean): boolean {
  return entries.filter(holds).length * 2 > entries.length;
}
