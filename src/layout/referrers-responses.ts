// The referrers responses that a layout keeps for clients without the API: written with the very replacement that adds or removes
// a referrer, computed from the newest index and never from the response before.
import { isDeepStrictEqual } from 'node:util';
import { annotationKeys } from '../oci/annotations.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { isReferrersTag, referrersTagOf } from '../oci/referrers-tag.ts';
import type { SmallObject } from '../storage/object-store.ts';
import { annotationOf } from './index-document.ts';
import type { IndexDraft } from './index-draft.ts';
import { olaregResponses, setOlaregResponse, setResponse } from './index-edit.ts';
import type { IndexEntry } from './index-entry.ts';
import type { LayoutKeys } from './keys.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { entriesBySubject, type Response, referrersOf, responseOf, useOfReferrersTag } from './referrers.ts';

/** A larger one is not written: a thousand attaches would leave hundreds of megabytes. The API itself pages. */
const maxResponseBytes = 4 * 1024 * 1024;
/** A client may just have resolved the tag to a response that a newer one takes the place of: its file stays this long. */
const keepSupersededMs = 60_000;

/**
 * When a response is made under the referrers tag, for clients that look for nothing else (regctl): for every subject, only where
 * such tools have left traces, or never. One that is there is kept right in any case: a stale one misleads.
 */
export type ReferrersTagRule = 'always' | 'auto' | 'never';

export class ReferrersResponses {
  readonly #keys: LayoutKeys;
  readonly #manifests: ManifestReader;
  readonly #rule: ReferrersTagRule;
  readonly #supersededAtMs = new Map<Digest, number>();

  constructor(keys: LayoutKeys, manifests: ManifestReader, rule: ReferrersTagRule) {
    this.#rule = rule;
    this.#keys = keys;
    this.#manifests = manifests;
  }

  /** Lists the new responses in the draft; returns their bytes, which must be durable first. */
  async rewrite(draft: IndexDraft, subjects: ReadonlySet<Digest>, nowMs: number): Promise<readonly SmallObject[]> {
    if (subjects.size === 0) return [];
    const bySubject = entriesBySubject(draft.entries);
    const isOlaregs = annotationOf(draft.base.document, annotationKeys.olaregConvert) === 'true';
    const written: Response[] = [];
    for (const subject of subjects) {
      const referrers = await referrersOf(subject, bySubject.get(subject) ?? [], draft, this.#manifests);
      written.push(...(await this.#underTag(draft, subject, referrers, nowMs)));
      if (isOlaregs) written.push(...(await this.#forOlareg(draft, subject, referrers, nowMs)));
    }
    return written.map(({ descriptor, bytes }) => ({ key: this.#keys.blob(descriptor.digest), bytes }));
  }

  async #underTag(draft: IndexDraft, subject: Digest, referrers: readonly Descriptor[], nowMs: number) {
    const holders = draft.tagged(referrersTagOf(subject));
    if ((holders.length === 0 && !this.#begins(draft)) || (await this.#isOrdinary(holders))) return [];
    const response = referrers.length === 0 ? undefined : responseOf(referrers);
    if (await this.#saysTheSame(holders, referrers)) return [];
    if (response !== undefined && response.bytes.byteLength > maxResponseBytes) return [];
    setResponse(draft, subject, response?.descriptor, nowMs);
    this.#supersede(holders, response, nowMs);
    return response === undefined ? [] : [response];
  }

  /** Traces are what regclient writes, and olareg, which takes responses under tags over. */
  #begins(draft: IndexDraft): boolean {
    if (this.#rule !== 'auto') return this.#rule === 'always';
    const isOlaregs = annotationOf(draft.base.document, annotationKeys.olaregConvert) !== undefined;
    return isOlaregs || draft.base.tags().some(isReferrersTag);
  }

  /** In a layout that olareg has converted it looks for its own annotation only. The bytes differ: oras merges entries of one digest. */
  async #forOlareg(draft: IndexDraft, subject: Digest, referrers: readonly Descriptor[], nowMs: number) {
    const holders = olaregResponses(draft, subject);
    if (await this.#saysTheSame(holders, referrers)) return [];
    const response =
      referrers.length === 0 ? undefined : responseOf(referrers, { [annotationKeys.olaregSubject]: subject });
    if (response !== undefined && response.bytes.byteLength > maxResponseBytes) return [];
    setOlaregResponse(draft, subject, response?.descriptor, nowMs);
    this.#supersede(holders, response, nowMs);
    return response === undefined ? [] : [response];
  }

  /** A response of another tool that lists the very same in its own order and form may stay. */
  async #saysTheSame(holders: readonly IndexEntry[], referrers: readonly Descriptor[]): Promise<boolean> {
    const [holder] = holders;
    if (holders.length !== 1 || holder?.digest === undefined) return false;
    const facts = await this.#manifests.factsOfEntry(holder);
    if (facts === 'none' || facts.children.length !== referrers.length) return false;
    const bytes = await this.#manifests.read(holder.digest);
    return bytes !== undefined && isDeepStrictEqual(listedIn(bytes), sortedByDigest(referrers));
  }

  #supersede(holders: readonly IndexEntry[], response: Response | undefined, nowMs: number): void {
    for (const { digest } of holders) {
      if (digest !== undefined && digest !== response?.descriptor.digest) this.#supersededAtMs.set(digest, nowMs);
    }
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

/** What a response lists, as it stands there; its bytes were parsed as an index before. */
function listedIn(bytes: Buffer): readonly Descriptor[] {
  const { manifests } = JSON.parse(bytes.toString('utf8')) as { readonly manifests: readonly Descriptor[] };
  return sortedByDigest(manifests);
}

function sortedByDigest(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...descriptors].sort((a, b) => (a.digest < b.digest ? -1 : Number(a.digest > b.digest)));
}
