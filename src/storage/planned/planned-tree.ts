// Which keys there are after changes that are only planned: objects that came, went or got another key, and the prefixes that they lie in.
import type { MemoryObject } from '../memory/memory-object.ts';
import type { Child, Key, ListingVersion, ObjectReader } from '../object-store.ts';
import { isOwnName } from '../own-names.ts';

/** Bytes that were written, or an object of the base by the key that it has there. */
export type PlannedObject = MemoryObject | { readonly key: Key };

export class PlannedTree {
  readonly #base: ObjectReader;
  readonly #now: () => number;
  /** Undefined for what is gone. */
  readonly #changed = new Map<Key, PlannedObject | undefined>();
  /** What came below a prefix, by its name. */
  readonly #added = new Map<Key, Map<string, Child['kind']>>();
  readonly #gonePrefixes = new Set<Key>();
  /** When something came or went there last. */
  readonly #touched = new Map<Key, number>();
  #changes = 0;

  constructor(base: ObjectReader, now: () => number) {
    this.#base = base;
    this.#now = now;
  }

  /** Given also for what the base may have, or not. */
  at(key: Key): PlannedObject | undefined {
    return this.#changed.has(key) ? this.#changed.get(key) : { key };
  }

  put(key: Key, object: PlannedObject): void {
    this.#changed.set(key, object);
    let [child, kind]: [Key, Child['kind']] = [key, 'object'];
    for (;;) {
      const [prefix, name] = splitLast(child);
      const names = this.#added.get(prefix) ?? new Map<string, Child['kind']>();
      names.set(name, kind);
      this.#added.set(prefix, names);
      if (kind === 'object') this.touch(prefix);
      this.#gonePrefixes.delete(child);
      if (prefix === '') return;
      [child, kind] = [prefix, 'prefix'];
    }
  }

  drop(key: Key): void {
    this.#changed.set(key, undefined);
    this.touch(splitLast(key)[0]);
  }

  dropPrefix(prefix: Key): void {
    this.#gonePrefixes.add(prefix);
    this.touch(splitLast(prefix)[0]);
  }

  touch(prefix: Key): void {
    this.#changes += 1;
    this.#touched.set(prefix, this.#now());
  }

  /** In byte order, without a store's own names. */
  async list(prefix: Key): Promise<readonly Child[]> {
    const kinds = new Map<string, Child['kind']>();
    for (const { name, kind } of await this.#base.list(prefix)) kinds.set(name, kind);
    for (const [name, kind] of this.#added.get(prefix) ?? []) kinds.set(name, kind);
    const children = [...kinds].map(([name, kind]) => ({ name, kind }));
    return children
      .filter(({ name, kind }) => !isOwnName(name) && this.#isThere(childOf(prefix, name), kind))
      .sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)));
  }

  async hasPrefix(prefix: Key): Promise<boolean> {
    return (await this.listingVersion(prefix)) !== undefined;
  }

  async listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    if (this.#gonePrefixes.has(prefix)) return undefined;
    const version = await this.#base.listingVersion(prefix);
    if (version === undefined && !this.#added.has(prefix)) return undefined;
    return `${version} ${this.#changes}` as ListingVersion;
  }

  /** Undefined also for one that came here: what only was planned is nobody's to remove. */
  async changedAtMs(prefix: Key): Promise<number | undefined> {
    const baseMs = this.#gonePrefixes.has(prefix) ? undefined : await this.#base.prefixChangedAtMs(prefix);
    return baseMs === undefined ? undefined : (this.#touched.get(prefix) ?? baseMs);
  }

  #isThere(key: Key, kind: Child['kind']): boolean {
    if (kind === 'prefix') return !this.#gonePrefixes.has(key);
    return !this.#changed.has(key) || this.#changed.get(key) !== undefined;
  }
}

function childOf(prefix: Key, name: string): Key {
  return (prefix === '' ? name : `${prefix}/${name}`) as Key;
}

function splitLast(key: Key): readonly [Key, string] {
  const slash = key.lastIndexOf('/');
  return slash < 0 ? ['' as Key, key] : [key.slice(0, slash) as Key, key.slice(slash + 1)];
}
