// How many of what: operations that were acknowledged, processes that were killed.
export class Tally {
  readonly #counts = new Map<string, number>();

  add(kind: string, count = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
  }

  addAll(other: Tally): void {
    for (const [kind, count] of other.#counts) this.add(kind, count);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The most frequent first. */
  toString(): string {
    const sorted = [...this.#counts].sort(([, one], [, other]) => other - one);
    return sorted.map(([kind, count]) => `${count} ${kind}`).join(', ');
  }
}
