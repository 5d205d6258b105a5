// Every manifest that others lead to, each once: one after the other, in the order in which they were found, and never more than a
// bound, whatever the layout of a stranger lists. The body of a loop says what is read of each, and adds what it leads to.
// Walks that wait for a registry are another thing (transfer/level-walk.ts): many requests at a time, and a bound of their own.
import type { Digest } from '../../oci/digest.ts';
import { Pace } from '../pacing/pace.ts';

/** Some seconds of reading, and some ten megabytes of digests: more than any layout has that tools write. */
export const maxWalkedManifests = 100_000;

export class ManifestWalk<Node extends { readonly digest: Digest }> implements AsyncIterable<Node> {
  readonly #limit: number;
  readonly #pace = new Pace();
  /** By digest: an index may list itself, and what all of them list together may be more than memory holds. */
  readonly #found = new Set<Digest>();
  #pending: Node[] = [];
  #isWhole = true;

  /** `limit` is how many manifests may be found. */
  constructor(limit = maxWalkedManifests) {
    this.#limit = limit;
  }

  /** So many different ones were found. */
  get size(): number {
    return this.#found.size;
  }

  /** True when it was found, whether it was visited or not. */
  has(digest: Digest): boolean {
    return this.#found.has(digest);
  }

  /** False once the limit kept something out. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** To be visited, unless they were found before. */
  async add(nodes: Iterable<Node>): Promise<void> {
    await this.#pace.step();
    for (const node of nodes) {
      await this.#pace.step();
      if (this.#found.has(node.digest)) continue;
      if (this.#found.size >= this.#limit) {
        this.#isWhole = false;
        return;
      }
      this.#found.add(node.digest);
      this.#pending.push(node);
    }
  }

  /** Ends when everything that was added, meanwhile too, was visited; more may be added after that, and visited by another loop. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Node> {
    while (this.#pending.length > 0) {
      const found = this.#pending;
      this.#pending = [];
      for (const node of found) {
        yield node;
        await this.#pace.step();
      }
    }
  }
}
