// Whether an edit changes a tag that whoever asks for it may not change: asked under the lock, of the draft as the edits before it left
// it, since of two who may only create a tag one must find it taken (CVE-2026-31801 of zot).
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/reference.ts';
import { TagProtectedError } from '../../oci/tag-protection.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import type { IndexEdit, PutEdit, RemoveEdit, UntagEdit } from './index-edit.ts';

/** Throws TagProtectedError (409). What a tag means counts, also where the file of its manifest is lost: only the same content mends it. */
export function assertUnprotected(draft: IndexDraft, edit: IndexEdit): void {
  if (edit.kind === 'reconcile' || edit.kind === 'restore' || edit.protection === undefined) return;
  for (const tag of tagsChanged(draft, edit)) {
    const why = edit.protection.whyKept(tag);
    if (why !== undefined) throw new TagProtectedError(tag, why);
  }
}

function tagsChanged(draft: IndexDraft, edit: PutEdit | UntagEdit | RemoveEdit): readonly Tag[] {
  const { names } = edit;
  const meant = (tag: Tag): Digest | undefined => names.entryNow(draft, tag)?.digest;
  switch (edit.kind) {
    case 'put':
      return edit.tags.filter((tag) => ![undefined, edit.facts.descriptor.digest].includes(meant(tag)));
    case 'untag':
      return meant(edit.tag) === undefined ? [] : [edit.tag];
    case 'remove':
      return names.tagsNow(draft).filter((tag) => meant(tag) === edit.digest);
  }
}
