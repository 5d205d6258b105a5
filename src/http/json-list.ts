// JSON of long lists. The lists of a snapshot are the same arrays until the snapshot changes, so each is encoded once.

export class JsonLists {
  /** Held for as long as the list itself lives, and no longer. */
  readonly #encoded = new WeakMap<readonly unknown[], Buffer>();

  /** `list` between two pieces of JSON. What is remembered depends on the list alone, which is never changed. */
  around(list: readonly unknown[], before: string, after: string): Buffer {
    return Buffer.concat([Buffer.from(before), this.#encode(list), Buffer.from(after)]);
  }

  #encode(list: readonly unknown[]): Buffer {
    const known = this.#encoded.get(list);
    if (known !== undefined) return known;
    const encoded = Buffer.from(JSON.stringify(list));
    this.#encoded.set(list, encoded);
    return encoded;
  }
}
