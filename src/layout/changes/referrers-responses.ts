// The referrers responses that a layout keeps for clients without the API: written with the very replacement that adds or removes
// a referrer, computed from the newest index and never from the response before.
import { isDeepStrictEqual } from 'node:util';
import { type Annotations, annotationKeys } from '../../oci/annotations.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Referrer } from '../../oci/manifest-facts.ts';
import { referrersTagOf } from '../../oci/referrers-tag.ts';
import type { SmallObject } from '../../storage/object-store.ts';
import type { LayoutKeys } from '../files/keys.ts';
import { annotationOf } from '../index/index-document.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { ManifestReader } from '../manifests/manifest-reader.ts';
import { entriesBySubject, referrersOf, useOfReferrersTag } from '../manifests/referrers.ts';
import {
  maxResponseBytes,
  ReferrersBound,
  type Response,
  referrersJson,
  responseAround,
} from '../manifests/referrers-json.ts';
import { Pace } from '../pacing/pace.ts';
import { paced } from '../pacing/steps.ts';
import { olaregResponses, setOlaregResponse, setResponse } from './index-edit.ts';

/** Of some hundred referrers. */
const maxComparedBytes = 128 * 1024;
/** A client may just have resolved the tag to a response that a newer one takes the place of: its file stays this long. */
const keepSupersededMs = 60_000;

export interface ResponseRules {
  /**
   * When a response is made under the referrers tag, for clients that look for nothing else (regctl): for every subject, only where
   * such tools have left traces, or never. One that is there is kept right in any case: a stale one misleads.
   */
  readonly referrersTag: 'always' | 'auto' | 'never';
}

export class ReferrersResponses {
  readonly #keys: LayoutKeys;
  readonly #manifests: ManifestReader;
  readonly #rules: ResponseRules;
  readonly #supersededAtMs = new Map<Digest, number>();

  constructor(keys: LayoutKeys, manifests: ManifestReader, rules: ResponseRules) {
    this.#rules = rules;
    this.#keys = keys;
    this.#manifests = manifests;
  }

  /** Lists the new responses in the draft; returns their bytes, which must be durable first. */
  async rewrite(draft: IndexDraft, subjects: ReadonlySet<Digest>, nowMs: number): Promise<readonly SmallObject[]> {
    if (subjects.size === 0) return [];
    const bySubject = await paced(entriesBySubject(draft.entries));
    const isOlaregs = annotationOf(draft.base.document, annotationKeys.olaregConvert) === 'true';
    const written: Response[] = [];
    for (const subject of subjects) {
      const referrers = await referrersOf(subject, bySubject.get(subject) ?? [], draft, this.#manifests);
      written.push(...(await this.#underTag(draft, subject, referrers, nowMs)));
      if (isOlaregs) written.push(...(await this.#forOlareg(draft, subject, referrers, nowMs)));
    }
    return written.map(({ descriptor, bytes }) => ({ key: this.#keys.blob(descriptor.digest), bytes }));
  }

  async #underTag(draft: IndexDraft, subject: Digest, referrers: readonly Referrer[], nowMs: number) {
    const holders = draft.tagged(referrersTagOf(subject));
    if ((holders.length === 0 && !this.#begins(draft)) || (await this.#isOrdinary(holders))) return [];
    const response = await this.#responseOf(referrers);
    if (response === 'too large' || (await this.#saysTheSame(holders, response))) return [];
    setResponse(draft, subject, response?.descriptor, nowMs);
    this.#supersede(holders, response, nowMs);
    return response === undefined ? [] : [response];
  }

  /** Traces are what regclient writes, and olareg, which takes responses under tags over. */
  #begins(draft: IndexDraft): boolean {
    const { referrersTag } = this.#rules;
    if (referrersTag !== 'auto') return referrersTag === 'always';
    const isOlaregs = annotationOf(draft.base.document, annotationKeys.olaregConvert) !== undefined;
    return isOlaregs || draft.base.hasReferrersTags;
  }

  /** In a layout that olareg has converted it looks for its own annotation only. The bytes differ: oras merges entries of one digest. */
  async #forOlareg(draft: IndexDraft, subject: Digest, referrers: readonly Referrer[], nowMs: number) {
    const holders = olaregResponses(draft, subject);
    const response = await this.#responseOf(referrers, { [annotationKeys.olaregSubject]: subject });
    if (response === 'too large' || (await this.#saysTheSame(holders, response))) return [];
    setOlaregResponse(draft, subject, response?.descriptor, nowMs);
    this.#supersede(holders, response, nowMs);
    return response === undefined ? [] : [response];
  }

  /** Undefined when nothing refers to the subject. Told by sizes alone when it would be too large: nothing is encoded then. */
  async #responseOf(
    referrers: readonly Referrer[],
    annotations?: Annotations,
  ): Promise<Response | undefined | 'too large'> {
    if (referrers.length === 0) return undefined;
    const bound = new ReferrersBound(maxResponseBytes);
    const pace = new Pace();
    for (const each of referrers) {
      if (!bound.admits(each)) return 'too large';
      await pace.step();
    }
    return responseAround(await referrersJson(referrers, this.#manifests), annotations);
  }

  /** A response of another tool that lists the very same in its own order and form may stay. */
  async #saysTheSame(holders: readonly IndexEntry[], response: Response | undefined): Promise<boolean> {
    const [holder] = holders;
    if (holders.length !== 1 || holder?.digest === undefined) return false;
    if (holder.digest === response?.descriptor.digest) return true;
    if ((await this.#manifests.factsOfEntry(holder)) === 'none') return false;
    // To compare large ones would keep every other request waiting, and to write it anew does no harm.
    const bytes = await this.#manifests.read(holder.digest);
    if (bytes === undefined || bytes.byteLength > maxComparedBytes) return false;
    return isDeepStrictEqual(listedIn(bytes), response === undefined ? [] : listedIn(response.bytes));
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

/** What a response lists, as it stands there. */
function listedIn(bytes: Buffer): readonly Descriptor[] {
  const { manifests } = JSON.parse(bytes.toString('utf8')) as { readonly manifests: readonly Descriptor[] };
  return sortedByDigest(manifests);
}

function sortedByDigest(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...descriptors].sort((a, b) => (a.digest < b.digest ? -1 : Number(a.digest > b.digest)));
}
