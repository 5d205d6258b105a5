// An edit as plain data, so that another process of the same server can apply it: names as a path, and of the protection what it says of
// the tags that the edit is about.
import type { Digest } from '../../oci/digest.ts';
import type { Precondition } from '../../oci/precondition.ts';
import type { Tag } from '../../oci/reference.ts';
import type { TagProtection } from '../../oci/tag-protection.ts';
import type { VirtualPath } from '../names/name-table.ts';
import type { LayoutNames } from '../names/repository-names.ts';
import type { IndexEdit, PutEdit, RemoveEdit, UntagEdit } from './index-edit.ts';

interface Crossing {
  readonly path: VirtualPath;
  readonly condition: { readonly reference: Tag | Digest; readonly precondition: Precondition } | undefined;
  /** Tags that are kept, each with why; undefined: nothing is protected. */
  readonly kept: readonly (readonly [Tag, string])[] | undefined;
}

type Plain<Edit> = Omit<Edit, 'names' | 'condition' | 'protection'>;

export type CrossingEdit = Crossing & (Plain<PutEdit> | Plain<UntagEdit> | Plain<RemoveEdit>);

/** More is copied and sent for longer than a lock takes. */
const maxCrossingBytes = 256 * 1024;

/**
 * Undefined for what does not cross: rare ones, those that ask something under the lock that only this process can answer, and a delete
 * of whatever tags lead to a manifest where tags are protected, since nobody knows yet which they are.
 */
export function crossingEdit(edit: IndexEdit): CrossingEdit | undefined {
  if (edit.kind === 'reconcile' || edit.kind === 'restore') return undefined;
  const { names, condition: demanded, protection, ...plain } = edit;
  if (demanded?.unless !== undefined) return undefined;
  if (plain.kind === 'remove' && protection !== undefined) return undefined;
  if (plain.kind === 'put' && plain.bytes.byteLength > maxCrossingBytes) return undefined;
  const condition = demanded && { reference: demanded.reference, precondition: demanded.precondition };
  return { ...plain, path: names.path, condition, kept: protection && keptOf(tagsOf(edit), protection) };
}

export function editOf({ path, kept, ...plain }: CrossingEdit, names: LayoutNames): IndexEdit {
  return { ...plain, names: names.of(path), protection: kept && protectionOf(kept) };
}

function tagsOf(edit: PutEdit | UntagEdit | RemoveEdit): readonly Tag[] {
  if (edit.kind === 'put') return edit.tags;
  return edit.kind === 'untag' ? [edit.tag] : [];
}

function keptOf(tags: readonly Tag[], protection: TagProtection): (readonly [Tag, string])[] {
  return tags.flatMap((tag) => {
    const why = protection.whyKept(tag);
    return why === undefined ? [] : [[tag, why] as const];
  });
}

function protectionOf(kept: readonly (readonly [Tag, string])[]): TagProtection {
  const reasons = new Map(kept);
  return { whyKept: (tag) => reasons.get(tag) };
}
