// What a verification is of: everything at a place, one repository of it, or one image.
import type { IndexEntry } from '../layout/index/index-entry.ts';
import type { LayoutIndex } from '../layout/index/layout-index.ts';
import type { NameRules } from '../layout/names/name-rules.ts';
import type { VirtualPath } from '../layout/names/name-table.ts';
import { LayoutNames } from '../layout/names/repository-names.ts';
import type { Digest } from '../oci/digest.ts';
import type { WrittenReference } from '../transfer/source-reference.ts';

export interface VerifyTarget {
  /** A root, a layout or an archive; undefined: --root. */
  readonly path: string | undefined;
  /** A repository in it, by its whole name or the end of it, or what the names of several begin with; undefined: all of them. */
  readonly within: string | undefined;
  /** An image of it; undefined: all of it. */
  readonly reference: WrittenReference | undefined;
}

/** True for a layout that is, or holds, the repository that is meant, or lies below what is meant. */
export function isMeant(name: string, within: string | undefined): boolean {
  if (within === undefined || name === within || name.startsWith(`${within}/`)) return true;
  return name.endsWith(`/${within}`) || within.startsWith(`${name}/`);
}

/** What the image is in the index of one layout that is called `name`; undefined where it is not there. */
export function imageIn(
  index: LayoutIndex,
  name: string,
  rules: NameRules,
  { within, reference }: { readonly within: string | undefined; readonly reference: WrittenReference },
): IndexEntry | { readonly digest: Digest } | undefined {
  if (reference.kind === 'digest') return index.listed(reference.digest).at(-1) ?? { digest: reference.digest };
  if (reference.kind === 'short-digest') return entryOfShort(index, reference.text);
  const names = new LayoutNames(name, rules);
  for (const path of pathsMeant(names.table(index)?.listed ?? [''], name, within)) {
    const entry = names.of(path).entryOf(index, reference.tag);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** The repositories of a layout that `within` can mean: its own, or those that full names in it make. */
function pathsMeant(paths: readonly VirtualPath[], name: string, within: string | undefined): readonly VirtualPath[] {
  if (within === undefined || within === name || name.endsWith(`/${within}`)) return paths;
  return paths.filter((path) => `${name}/${path}` === within || path === within || path.endsWith(`/${within}`));
}

function entryOfShort(index: LayoutIndex, text: string): IndexEntry | undefined {
  const begin = text.includes(':') ? text : `sha256:${text}`;
  return index.entries.findLast(({ digest }) => digest?.startsWith(begin));
}
