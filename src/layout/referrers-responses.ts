// The referrers responses that a layout keeps for clients without the API: written with the very replacement that adds or removes
// a referrer, computed from the newest index and never from the response before.
import type { Digest } from '../oci/digest.ts';
import { referrersTagOf } from '../oci/referrers-tag.ts';
import type { SmallObject } from '../storage/object-store.ts';
import type { IndexDraft } from './index-draft.ts';
import { setResponse } from './index-edit.ts';
import type { IndexEntry } from './index-entry.ts';
import type { LayoutKeys } from './keys.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { entriesBySubject, referrersOf, responseOf, useOfReferrersTag } from './referrers.ts';

/** A larger one is not written: a thousand attaches would leave hundreds of megabytes. The API itself pages. */
const maxResponseBytes = 4 * 1024 * 1024;
/** A client may just have resolved the tag to a response that a newer one takes the place of: its file stays this long. */
const keepSupersededMs = 60_000;

export class ReferrersResponses {
  readonly #keys: LayoutKeys;
  readonly #manifests: ManifestReader;
  readonly #supersededAtMs = new Map<Digest, number>();

  constructor(keys: LayoutKeys, manifests: ManifestReader) {
    this.#keys = keys;
    this.#manifests = manifests;
  }

  /** Lists the new responses in the draft; returns their bytes, which must be durable first. */
  async rewrite(draft: IndexDraft, subjects: ReadonlySet<Digest>, nowMs: number): Promise<readonly SmallObject[]> {
    if (subjects.size === 0) return [];
    const bySubject = entriesBySubject(draft.entries);
    const written: SmallObject[] = [];
    for (const subject of subjects) {
      const holders = draft.named(referrersTagOf(subject));
      if (await this.#isOrdinary(holders)) continue;
      const referrers = await referrersOf(subject, bySubject.get(subject) ?? [], draft, this.#manifests);
      const response = referrers.length === 0 ? undefined : responseOf(referrers);
      if (response !== undefined && response.bytes.byteLength > maxResponseBytes) continue;
      setResponse(draft, subject, response?.descriptor, nowMs);
      if (response !== undefined) {
        written.push({ key: this.#keys.blob(response.descriptor.digest), bytes: response.bytes });
      }
      for (const { digest } of holders) {
        const isSuperseded = digest !== undefined && digest !== response?.descriptor.digest;
        if (isSuperseded) this.#supersededAtMs.set(digest, nowMs);
      }
    }
    return written;
  }

  /** An image that somebody gave the name of a referrers tag keeps it. */
  async #isOrdinary(holders: readonly IndexEntry[]): Promise<boolean> {
    for (const holder of holders) if ((await useOfReferrersTag(holder, this.#manifests)) === 'ordinary') return true;
    return false;
  }

  /** Superseded responses that nobody needs any more, and that the draft does not list again. */
  stale(draft: IndexDraft, nowMs: number): readonly Digest[] {
    return this.#due(nowMs).filter((digest) => !draft.lists(digest));
  }

  hasStale(nowMs: number): boolean {
    return this.#due(nowMs).length > 0;
  }

  /** Of what was `stale` at that time, and is gone now or needed again. */
  forget(nowMs: number): void {
    for (const digest of this.#due(nowMs)) this.#supersededAtMs.delete(digest);
  }

  #due(nowMs: number): readonly Digest[] {
    return [...this.#supersededAtMs].filter(([, atMs]) => nowMs - atMs >= keepSupersededMs).map(([digest]) => digest);
  }
}
