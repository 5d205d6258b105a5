// Referrers responses that a newer one took the place of. A client may just have resolved the tag, so the file stays for a while;
// then it goes, since a thousand attaches would otherwise leave 175 MB behind.
import type { Digest } from '../oci/digest.ts';

const keepMs = 60_000;

export class SupersededResponses {
  readonly #sinceMs = new Map<Digest, number>();

  add(digest: Digest, nowMs: number): void {
    this.#sinceMs.set(digest, nowMs);
  }

  due(nowMs: number): readonly Digest[] {
    return [...this.#sinceMs].filter(([, sinceMs]) => nowMs - sinceMs >= keepMs).map(([digest]) => digest);
  }

  forget(digests: readonly Digest[]): void {
    for (const digest of digests) this.#sinceMs.delete(digest);
  }
}
