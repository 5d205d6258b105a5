// The tags of one repository among the entries of a layout: all of its bare tags, or those of one image name among several.
// Bare tags alone cost one look-up; only full names and unnamed images need the table of all names.
import { annotationKeys } from '../../oci/annotations.ts';
import type { Tag } from '../../oci/reference.ts';
import type { IndexEntry } from '../index-entry.ts';
import { byteOrder } from '../layout-index.ts';
import { type ImageName, printImageName } from './image-name.ts';
import type { NameRules } from './name-rules.ts';
import { type NameTable, nameTableOf, type TagEntries, type VirtualPath } from './name-table.ts';

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
    return new RepositoryNames(this, path);
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

export class RepositoryNames {
  readonly path: VirtualPath;
  readonly layout: LayoutNames;

  constructor(layout: LayoutNames, path: VirtualPath) {
    this.layout = layout;
    this.path = path;
  }

  /** True when the layout has such a repository; the layout's own one is always there. */
  existsIn(index: NamedEntries): boolean {
    return this.path === '' || this.layout.table(index)?.repositories.has(this.path) === true;
  }

  /** The entry that a tag means (INTEROP §4.5). */
  entryOf(index: NamedEntries, tag: Tag): IndexEntry | undefined {
    const entries = this.#entriesOf(index, tag, this.layout.table(index));
    return this.layout.rules.duplicates === 'last' ? entries.at(-1) : entries[0];
  }

  /** Every entry of the tag in a draft, in the order of the file: a push of the tag replaces them all. */
  holders(draft: NamedEntries, tag: Tag): readonly IndexEntry[] {
    return this.#entriesOf(draft, tag, this.layout.tableNow(draft));
  }

  /** In byte order; undefined when bare tags are all there is and the snapshot knows them. */
  tags(index: NamedEntries): readonly Tag[] | undefined {
    const table = this.layout.table(index);
    if (table === undefined) return this.path === '' ? undefined : [];
    return [...(table.repositories.get(this.path)?.keys() ?? [])].sort(byteOrder);
  }

  /** All entries that this repository gives a name to. */
  named(index: NamedEntries): TagEntries | undefined {
    return this.layout.tableNow(index)?.repositories.get(this.path);
  }

  /** What a new entry of the tag carries, in the style of the file: tools that wrote full names look for full names. */
  annotationsFor(draft: NamedEntries, tag: Tag): NameAnnotations {
    const { refName, imageName } = annotationKeys;
    const image = this.#imageIn(draft);
    if (image === undefined) return { [refName]: tag };
    const full = printImageName({ ...image, tag });
    return prefersImageName(draft.fullNames) ? { [imageName]: full, [refName]: tag } : { [refName]: full };
  }

  /** Undefined where bare tags are the style. */
  #imageIn(draft: NamedEntries): ImageName | undefined {
    const images = this.layout.tableNow(draft)?.images ?? [];
    if (this.path !== '') return imageAt(this.path, images);
    const [only] = images;
    return images.length === 1 && !draft.hasTags ? only : undefined;
  }

  #entriesOf(source: NamedEntries, tag: Tag, table: NameTable | undefined): readonly IndexEntry[] {
    if (table === undefined) return this.path === '' ? source.tagged(tag) : [];
    return table.repositories.get(this.path)?.get(tag) ?? [];
  }
}

/** The image that a virtual repository stands for; a new one is named after the registry that the file names most. */
function imageAt(path: Exclude<VirtualPath, ''>, images: readonly ImageName[]): ImageName {
  const same = images.find((image) => image.path === path) ?? images.find((image) => isLongName(path, image));
  if (same !== undefined) return same;
  const hosts = images.map(({ host }) => host);
  const count = (host: string | undefined) => hosts.filter((each) => each === host).length;
  const host = hosts.reduce((most, each) => (count(each) > count(most) ? each : most), hosts[0]);
  return { host, path, tag: undefined };
}

function isLongName(path: string, { host, path: short }: ImageName): boolean {
  return (
    host !== undefined &&
    path.endsWith(`/${short}`) &&
    path.slice(0, -short.length - 1) === host.replaceAll(/[:[\]]+/g, '_')
  );
}

function prefersImageName(entries: readonly IndexEntry[]): boolean {
  const styles = entries.map(({ name }) => (name.kind === 'full' ? name.style : undefined));
  return styles.filter((style) => style === 'image-name').length * 2 > styles.length;
}
