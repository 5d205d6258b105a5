// An immutable map that shares almost everything with the map it was derived from: a small layer of changes over a large base.

/** Deriving copies the layer, and folds it into a new base once it holds this many changes: O(1) amortised over as many derivations. */
const maxLayer = 512;

export class LayeredMap<K, V> {
  readonly #base: ReadonlyMap<K, V>;
  /** `undefined` marks a key that the base has and this map has not. */
  readonly #layer: ReadonlyMap<K, V | undefined>;

  private constructor(base: ReadonlyMap<K, V>, layer: ReadonlyMap<K, V | undefined>) {
    this.#base = base;
    this.#layer = layer;
  }

  static of<K, V>(entries: Iterable<readonly [K, V]>): LayeredMap<K, V> {
    return new LayeredMap(new Map(entries), new Map<K, V | undefined>());
  }

  get(key: K): V | undefined {
    return this.#layer.has(key) ? this.#layer.get(key) : this.#base.get(key);
  }

  some(matches: (key: K) => boolean): boolean {
    for (const key of this.keys()) if (matches(key)) return true;
    return false;
  }

  /** This map with the given keys set, or removed where the value is undefined. */
  with(changes: ReadonlyMap<K, V | undefined>): LayeredMap<K, V> {
    if (changes.size === 0) return this;
    if (this.#layer.size + changes.size <= maxLayer)
      return new LayeredMap(this.#base, new Map([...this.#layer, ...changes]));
    const base = new Map(this.#base);
    for (const layer of [this.#layer, changes]) {
      for (const [key, value] of layer) {
        if (value === undefined) base.delete(key);
        else base.set(key, value);
      }
    }
    return new LayeredMap(base, new Map<K, V | undefined>());
  }

  *keys(): Iterable<K> {
    for (const key of this.#base.keys()) if (!this.#layer.has(key)) yield key;
    for (const [key, value] of this.#layer) if (value !== undefined) yield key;
  }
}
