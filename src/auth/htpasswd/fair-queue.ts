// A queue in which everybody has one turn after the other, however many things somebody has in it.

export class FairQueue<Item> {
  /** In the order of turns; never an empty list. */
  readonly #items = new Map<string, Item[]>();

  /** How many have something in it. */
  get owners(): number {
    return this.#items.size;
  }

  lengthOf(owner: string): number {
    return this.#items.get(owner)?.length ?? 0;
  }

  push(owner: string, item: Item): void {
    const own = this.#items.get(owner);
    if (own === undefined) this.#items.set(owner, [item]);
    else own.push(item);
  }

  shift(): Item | undefined {
    for (const [owner, items] of this.#items) {
      const item = items.shift();
      this.#items.delete(owner);
      if (items.length > 0) this.#items.set(owner, items);
      return item;
    }
    return undefined;
  }
}
