// What became of a layout, for whoever wants to be told: by an edit, or found in a file that another program wrote. What must be told of
// each change is appended with it, so that neither a crash nor a power cut comes between the two.
import type { ObjectStore, SmallObject } from '../../storage/object-store.ts';
import type { TagMove, TagTarget } from '../history/tag-move.ts';
import type { VirtualPath } from '../names/name-table.ts';
import type { LayoutPlace } from './layout-place.ts';

/** Who asked for a change, as plain data: an edit may be committed by another process. */
export interface ChangeAuthor {
  /** Undefined for anonymous. */
  readonly user: string | undefined;
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  readonly method: string;
  /** Where the client reached this registry: `http://localhost:5000`. */
  readonly base: string | undefined;
}

export type LayoutNews =
  | { readonly kind: 'moved'; readonly move: Omit<TagMove, 'atMs'>; readonly by: ChangeAuthor | undefined }
  | {
      readonly kind: 'pushed';
      readonly path: VirtualPath;
      readonly manifest: TagTarget;
      readonly tags: readonly string[];
      readonly how: 'push' | 'rollback';
      readonly by: ChangeAuthor | undefined;
    }
  | {
      readonly kind: 'removed';
      readonly path: VirtualPath;
      readonly manifest: TagTarget;
      readonly how: 'delete' | 'retention';
      readonly by: ChangeAuthor | undefined;
    };

/** Of one update of index.json. */
export interface Announcement {
  /** To be appended once the update can be seen, and before its history: what is told twice is better than what is never told. */
  readonly notes: readonly SmallObject[];
  /** Appends them, where nothing else is written. Never refuses. */
  append(): Promise<void>;
  /**
   * It can be seen, and what is noted is noted: returns once that outlives a power cut. `problem`: what kept some of it from being noted.
   * Never refuses.
   */
  publish(problem: unknown): Promise<void>;
}

export interface NewsDesk {
  /** `store`: that of the layout, to which the notes are appended. */
  announce(place: LayoutPlace, store: ObjectStore, news: readonly LayoutNews[]): Announcement;
}

export const nothingToTell: Announcement = { notes: [], append: async () => {}, publish: async () => {} };

/** Of one change: nobody reads a hundred thousand messages. */
export const mostToldMoves = 1_000;
