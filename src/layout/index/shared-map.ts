// An immutable map that shares with the map it was derived from all but the few dozen keys around each that changed: a trie over hashes of
// the keys. What it costs to derive one does not grow with the map, and no copy of all of it is ever made.

type Node<V> = TrieLeaf<V> | TrieBranch<V>;

interface TrieLeaf<V> {
  readonly owner: object;
  readonly values: Map<string, V>;
  readonly children?: undefined;
}

interface TrieBranch<V> {
  readonly owner: object;
  readonly children: (Node<V> | undefined)[];
}

const bitsALevel = 5;
const width = 1 << bitsALevel;
/** Below it a hash has no bits left. */
const deepest = 6;
/** Beyond, a leaf becomes a branch. */
const mostInALeaf = 32;
/** Another one in each process, and odd: whoever writes an index.json cannot choose keys that all end up in one leaf. */
const multiplier = (Math.floor(Math.random() * 2 ** 31) | 0x0100_0193) >>> 0;

function hashOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), multiplier);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function placeOf(hash: number, depth: number): number {
  return (hash >>> (depth * bitsALevel)) & (width - 1);
}

export class SharedMap<K extends string, V> {
  readonly #root: Node<V> | undefined;

  /** For SharedMapDraft. */
  constructor(root: Node<V> | undefined) {
    this.#root = root;
  }

  static of<K extends string, V>(entries: Iterable<readonly [K, V]>): SharedMap<K, V> {
    const draft = new SharedMap<K, V>(undefined).draft();
    for (const [key, value] of entries) draft.set(key, value);
    return draft.finish();
  }

  get(key: K): V | undefined {
    return valueIn(this.#root, key);
  }

  /** This map with the given keys set, or removed where the value is undefined. */
  with(changes: ReadonlyMap<K, V | undefined>): SharedMap<K, V> {
    if (changes.size === 0) return this;
    const draft = this.draft();
    for (const [key, value] of changes) {
      if (value === undefined) draft.delete(key);
      else draft.set(key, value);
    }
    return draft.finish();
  }

  draft(): SharedMapDraft<K, V> {
    return new SharedMapDraft(this.#root);
  }

  /** In no order. */
  keys(): Iterable<K> {
    return keysIn(this.#root) as Iterable<K>;
  }
}

/** A map that is being changed: what it shares with another one it copies first. */
export class SharedMapDraft<K extends string, V> {
  #owner = {};
  #root: Node<V> | undefined;

  constructor(root: Node<V> | undefined) {
    this.#root = root;
  }

  get(key: K): V | undefined {
    return valueIn(this.#root, key);
  }

  set(key: K, value: V): void {
    this.#root = this.#withValue(this.#root, 0, hashOf(key), key, value);
  }

  delete(key: K): void {
    if (this.get(key) !== undefined) this.#root = this.#without(this.#root, 0, hashOf(key), key);
  }

  /** Whoever goes on changing the draft does not change this. */
  finish(): SharedMap<K, V> {
    this.#owner = {};
    return new SharedMap<K, V>(this.#root);
  }

  #withValue(node: Node<V> | undefined, depth: number, hash: number, key: string, value: V): Node<V> {
    if (node?.children !== undefined) {
      const own = this.#ownBranch(node);
      const at = placeOf(hash, depth);
      own.children[at] = this.#withValue(own.children[at], depth + 1, hash, key, value);
      return own;
    }
    const own = this.#ownLeaf(node);
    own.values.set(key, value);
    return own.values.size > mostInALeaf && depth < deepest ? this.#spread(own, depth) : own;
  }

  #without(node: Node<V> | undefined, depth: number, hash: number, key: string): Node<V> | undefined {
    if (node?.children === undefined) {
      const own = this.#ownLeaf(node);
      own.values.delete(key);
      return own.values.size === 0 ? undefined : own;
    }
    const own = this.#ownBranch(node);
    const at = placeOf(hash, depth);
    own.children[at] = this.#without(own.children[at], depth + 1, hash, key);
    return own.children.every((child) => child === undefined) ? undefined : own;
  }

  #spread({ values }: TrieLeaf<V>, depth: number): TrieBranch<V> {
    const branch: TrieBranch<V> = { owner: this.#owner, children: new Array(width).fill(undefined) };
    for (const [key, value] of values) {
      const hash = hashOf(key);
      const at = placeOf(hash, depth);
      branch.children[at] = this.#withValue(branch.children[at], depth + 1, hash, key, value);
    }
    return branch;
  }

  #ownLeaf(node: TrieLeaf<V> | undefined): TrieLeaf<V> {
    return node?.owner === this.#owner ? node : { owner: this.#owner, values: new Map(node?.values) };
  }

  #ownBranch(node: TrieBranch<V>): TrieBranch<V> {
    return node.owner === this.#owner ? node : { owner: this.#owner, children: [...node.children] };
  }
}

function valueIn<V>(root: Node<V> | undefined, key: string): V | undefined {
  let node = root;
  if (node?.children === undefined) return node?.values.get(key);
  const hash = hashOf(key);
  for (let depth = 0; node?.children !== undefined; depth += 1) node = node.children[placeOf(hash, depth)];
  return node?.values.get(key);
}

function* keysIn<V>(node: Node<V> | undefined): Generator<string> {
  if (node?.children === undefined) yield* node?.values.keys() ?? [];
  else for (const child of node.children) yield* keysIn(child);
}
