// Whether what an edit demands of its tag or digest holds: asked under the lock, of the draft as the edits before it left it, so that
// of two writers who read the same tag one wins (RFC 9110, 13.1).
import type { Digest } from '../../oci/digest.ts';
import { assertHolds, PreconditionFailedError } from '../../oci/precondition.ts';
import type { Tag } from '../../oci/reference.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import type { ManifestLookup } from '../manifests/manifest-lookup.ts';
import type { ManifestReader } from '../manifests/manifest-reader.ts';
import type { IndexEdit, PutEdit, RemoveEdit, UntagEdit } from './index-edit.ts';

export interface EditConditionsOptions {
  readonly lookup: ManifestLookup;
  readonly manifests: ManifestReader;
}

export class EditConditions {
  readonly #options: EditConditionsOptions;

  constructor(options: EditConditionsOptions) {
    this.#options = options;
  }

  /**
   * Throws PreconditionFailedError. `wasApplied`: an earlier run, which was not published, applied the edit; where another server's
   * heal carried it out meanwhile, what it asked for is what is there.
   */
  async assertHolds(draft: IndexDraft, edit: IndexEdit, wasApplied: boolean): Promise<void> {
    if (edit.kind === 'reconcile' || edit.kind === 'restore' || edit.condition === undefined) return;
    // What is not there is not found, whatever was demanded of it (RFC 9110, 13.2.1).
    if (edit.kind === 'untag' && edit.names.holders(draft, edit.tag).length === 0) return;
    const { reference, precondition, unless } = edit.condition;
    const current = await this.#pulled(draft, reference, edit);
    if (!(wasApplied && current === leftBy(edit))) assertHolds(precondition, current);
    if ((await unless?.(draft)) === true) throw new PreconditionFailedError('it is wanted after all');
  }

  /** What a pull would get: an entry whose manifest is gone leads to nothing. */
  async #pulled(draft: IndexDraft, reference: Tag | Digest, { names }: ConditionalEdit): Promise<Digest | undefined> {
    const { lookup, manifests } = this.#options;
    const found = await lookup.findNow(draft, reference, names);
    return found !== undefined && (await manifests.read(found.digest)) !== undefined ? found.digest : undefined;
  }
}

type ConditionalEdit = PutEdit | UntagEdit | RemoveEdit;

/** What a pull gets after the edit. */
function leftBy(edit: ConditionalEdit): Digest | undefined {
  return edit.kind === 'put' ? edit.facts.descriptor.digest : undefined;
}
