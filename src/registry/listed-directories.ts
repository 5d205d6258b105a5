// The directories below which repositories may lie, in the order of repository names. Large ones are kept for as long as nothing
// comes or goes in them: each page of the catalogue would list them again.
import { LRUCache } from 'lru-cache';
import { indexFileName, mayHoldRepositories } from '../layout/files/keys.ts';
import { byteOrder } from '../layout/index/tag-order.ts';
import { isRepositoryName } from '../oci/reference.ts';
import type { Key, ListingVersion, ObjectReader } from '../storage/object-store.ts';
import { childrenOf } from './layout-prefixes.ts';

export interface ListedDirectory {
  /** It is a layout. */
  readonly hasIndex: boolean;
  /**
   * Each child twice, as `app` and as `app/`: the repository itself, and all that lies below it. In byte order, which puts
   * `app-2` between them, as it is in the catalogue.
   */
  readonly keys: readonly string[];
}

interface KeptDirectory extends ListedDirectory {
  readonly version: ListingVersion;
}

/** To ask whether a smaller one is as it was costs as much as to list it. */
const fewestKeptKeys = 256;
const mostKeptKeys = 200_000;

export class ListedDirectories {
  readonly #store: ObjectReader;
  readonly #kept = new LRUCache<Key, KeptDirectory>({
    maxSize: mostKeptKeys,
    sizeCalculation: ({ keys }) => keys.length,
  });

  constructor(store: ObjectReader) {
    this.#store = store;
  }

  async at(prefix: Key): Promise<ListedDirectory> {
    const kept = this.#kept.get(prefix);
    if (kept !== undefined && kept.version === (await this.#store.listingVersion(prefix))) return kept;
    const listed = await this.#list(prefix);
    if (listed.keys.length < fewestKeptKeys || listed.keys.length > mostKeptKeys) this.#kept.delete(prefix);
    else await this.#keep(prefix);
    return listed;
  }

  /** Listed again, since what comes or goes after its version was asked for must make it another one. */
  async #keep(prefix: Key): Promise<void> {
    const version = await this.#store.listingVersion(prefix);
    if (version !== undefined) this.#kept.set(prefix, { ...(await this.#list(prefix)), version });
  }

  async #list(prefix: Key): Promise<ListedDirectory> {
    const children = await childrenOf(this.#store, prefix);
    const hasIndex = children.some(({ name, kind }) => kind === 'object' && name === indexFileName);
    const names = children.flatMap(({ name, kind }) => (kind === 'prefix' && mayLead(name) ? [name] : []));
    return { hasIndex, keys: names.flatMap((name) => [name, `${name}/`]).sort(byteOrder) };
  }
}

/** What is no component of a name has no repository below it. */
function mayLead(name: string): boolean {
  return mayHoldRepositories(name) && isRepositoryName(name);
}
