// Where several processes are one server, one of them commits the edits of a layout, so that all that wait share one replacement of
// index.json. Nothing is correct only by that: whoever finds no owner takes the lock, as another server would.
import type { LayoutNames } from '../names/repository-names.ts';
import { type CrossingEdit, crossingEdit, editOf } from './crossing-edit.ts';
import type { IndexEdit } from './index-edit.ts';
import type { IndexWriter } from './index-writer.ts';
import type { LayoutPlace } from './layout-place.ts';

export interface EditOwners {
  /** False, and nothing done, where this process is to commit it: it owns the layout, or whoever does has ended. Throws what refused it. */
  commit(place: LayoutPlace, edit: CrossingEdit): Promise<boolean>;
  /**
   * A version of index.json was read that this process did not write. False where this process is to look into that; else the owner is
   * told, and finds out whether another program wrote it.
   */
  isToldOf(place: LayoutPlace): boolean;
}

export interface EditRouteOptions {
  readonly writer: Pick<IndexWriter, 'submit'>;
  readonly names: LayoutNames;
  readonly place: LayoutPlace;
  /** Undefined: there is no other process. */
  readonly owners: EditOwners | undefined;
  /** What counts no more once another process has replaced index.json for this one. */
  readonly looks: readonly { lookAnew(): void }[];
}

export class EditRoute {
  readonly #options: EditRouteOptions;

  constructor(options: EditRouteOptions) {
    this.#options = options;
  }

  /** Resolves once the edit is durable, whoever commits it. Throws what refused it. */
  async submit(edit: IndexEdit): Promise<void> {
    const { writer, place, owners, looks } = this.#options;
    const crossing = owners === undefined ? undefined : crossingEdit(edit);
    if (crossing === undefined || (await owners?.commit(place, crossing)) !== true) return writer.submit(edit);
    for (const look of looks) look.lookAnew();
  }

  /** For another process of the server. */
  commit(edit: CrossingEdit): Promise<void> {
    const { writer, names } = this.#options;
    return writer.submit(editOf(edit, names));
  }

  isToldToOwner(): boolean {
    const { owners, place } = this.#options;
    return owners?.isToldOf(place) === true;
  }
}
