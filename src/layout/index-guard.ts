// Keeps what was acknowledged apart from what index.json shows: judges versions that other programs wrote, and records our own.
import type { ObjectInfo, SmallObject, StoredObject, VersionLabel } from '../storage/object-store.ts';
import type { IndexDraft } from './index-draft.ts';
import type { IndexEdit } from './index-edit.ts';
import type { IndexEntry } from './index-entry.ts';
import type { LayoutIndex } from './layout-index.ts';

export interface Judged {
  /** Lines of entries that were acknowledged and are lost. */
  readonly restore: readonly string[];
  /** Entries that we deleted and that a stale rewrite brought back. */
  readonly withdraw: ReadonlySet<IndexEntry>;
}

export interface Publication {
  readonly draft: IndexDraft;
  readonly edits: readonly IndexEdit[];
  readonly base: VersionLabel | undefined;
  readonly published: VersionLabel;
}

export class IndexGuard {
  async judge(_base: LayoutIndex, _info: ObjectInfo | undefined): Promise<Judged> {
    return { restore: [], withdraw: new Set() };
  }

  addStray(_stray: StoredObject): boolean {
    return false;
  }

  record(_publication: Publication): readonly SmallObject[] {
    return [];
  }
}
