// A set of strings that remembers the newest ones and forgets the oldest: for facts that are cheap to find out again.

export class RecentSet {
  readonly #limit: number;
  readonly #entries = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(entry: string): boolean {
    return this.#entries.has(entry);
  }

  /** The oldest first. */
  values(): Iterable<string> {
    return this.#entries.values();
  }

  delete(entry: string): void {
    this.#entries.delete(entry);
  }

  clear(): void {
    this.#entries.clear();
  }

  add(entry: string): void {
    this.#entries.delete(entry);
    this.#entries.add(entry);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
