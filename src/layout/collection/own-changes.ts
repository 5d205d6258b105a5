// What a collection itself changed of files that others link: a deleted name moves the time of change of all of them, and the copies in
// other repositories would be young once more, one repository a day.
import type { VersionLabel } from '../../storage/object-store.ts';
import type { Stamps } from './ages.ts';
import type { StoredBlob } from './stored-blobs.ts';

export class OwnChanges {
  readonly #stamps = new Map<VersionLabel, { readonly was: Stamps; readonly nowMs: number }>();

  /** `nowMs`: the time of change that a link which is left shows. */
  note(file: VersionLabel, was: Stamps, nowMs: number): void {
    this.#stamps.set(file, { was, nowMs });
  }

  /** As they were before, unless somebody else changed the file since. */
  stampsOf(blob: StoredBlob): Stamps {
    const own = blob.file && this.#stamps.get(blob.file);
    return own?.nowMs === blob.changedAtMs ? own.was : blob;
  }
}
