// Which tags an edit moves: what those that it can touch meant before it, and what they mean afterwards.

import type { Tag } from '../../oci/reference.ts';
import { type TagMove, type TagTargets, type TargetOfTag, tagKey } from '../history/tag-move.ts';
import { movesBetween, tagTargetsIn, targetOf } from '../history/tag-targets.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import type { IndexEdit } from './index-edit.ts';

/** Applies an edit of the draft by `apply`, and returns what moved besides what that returns. */
export function withMoves<Result>(
  draft: IndexDraft,
  edit: IndexEdit,
  apply: () => Result,
): { readonly result: Result; readonly moves: readonly Omit<TagMove, 'atMs'>[] } {
  const targets = targetsTouched(draft, edit);
  const before = targets();
  const result = apply();
  return { result, moves: movesBetween(before, targets(), { how: howOf(edit), atMs: 0 }) };
}

/** Where something is called by more than a bare tag, an edit may move names that it does not say: all are looked at. */
function targetsTouched(draft: IndexDraft, edit: IndexEdit): () => TagTargets {
  const { all } = edit.names;
  const tags = all.tableNow(draft) === undefined ? bareTagsTouched(draft, edit) : undefined;
  if (tags === undefined) return () => tagTargetsIn(draft, all);
  const own = all.of('');
  const targetsOf = (tag: Tag): readonly TargetOfTag[] => {
    const target = targetOf(tag, own.entryNow(draft, tag));
    return target === undefined ? [] : [{ path: '', tag, target }];
  };
  return () => new Map(tags.flatMap(targetsOf).map((each) => [tagKey(each), each]));
}

/** Undefined for what may touch any. */
function bareTagsTouched(draft: IndexDraft, edit: IndexEdit): readonly Tag[] | undefined {
  if (edit.kind === 'put') return edit.tags;
  if (edit.kind === 'untag') return [edit.tag];
  if (edit.kind === 'reconcile') return [];
  if (edit.kind === 'restore') return undefined;
  return draft.listed(edit.digest).flatMap(({ name }) => (name.kind === 'tag' ? name.tag : []));
}

/** What an operator lists again from the journal is put back as by a rollback; a reconcile moves nothing. */
function howOf(edit: IndexEdit): TagMove['how'] {
  if (edit.kind === 'restore') return 'rollback';
  return edit.kind === 'reconcile' ? 'push' : edit.how;
}
