// The repositories of one mount in byte order, from any position on: only directories that lie beyond it are looked into, one after
// the other, so that a page of the catalogue costs what it returns.
import { type LayoutPrefix, layoutKeys, rootPrefix } from '../layout/files/keys.ts';
import { glanceAtNames } from '../layout/names/full-names.ts';
import type { VirtualPath } from '../layout/names/name-table.ts';
import { RegistryError } from '../oci/error-code.ts';
import { isRepositoryName } from '../oci/reference.ts';
import type { Key } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { ListedDirectories } from './listed-directories.ts';
import type { MountedLayouts } from './mounted-layouts.ts';
import { firstAfter } from './page.ts';

/** A directory, and the repositories that its index.json holds: '' is its own. */
interface OpenedDirectory {
  readonly keys: readonly string[];
  readonly paths: readonly VirtualPath[];
}

export class OrderedNames {
  readonly #mounted: MountedLayouts;
  readonly #directories: ListedDirectories;

  constructor(mounted: MountedLayouts) {
    this.#mounted = mounted;
    this.#directories = new ListedDirectories(mounted.mount.reader);
  }

  /** Names below the mount, '' for the mount itself, all greater than `position`; from the first on when there is none. */
  async *after(position: string | undefined, ended: AbortSignal): AsyncGenerator<string> {
    const root = await this.#listedAt('', ended);
    if (position === undefined && root.paths.includes('')) yield '';
    yield* this.#below('', root, position ?? '', ended);
  }

  /** What lies below `prefix` ('' or `team/`), where `position` is relative to it. */
  async *#below(
    prefix: string,
    { keys, paths }: OpenedDirectory,
    position: string,
    ended: AbortSignal,
  ): AsyncGenerator<string> {
    const children = this.#inDirectories(prefix, keys, position, ended);
    const virtual = paths.filter((path) => path !== '' && path > position).map((path) => prefix + path);
    if (virtual.length === 0) return yield* children;
    yield* merged(virtual.sort(), children);
  }

  async *#inDirectories(
    prefix: string,
    keys: readonly string[],
    position: string,
    ended: AbortSignal,
  ): AsyncGenerator<string> {
    /** Looked into for `app`, and needed again for `app/` once what is called `app-2` has been passed. */
    const seen = new Map<string, OpenedDirectory>();
    let at = firstAfter(keys, position);
    const within = keys[at - 1];
    // `app/` comes before the position `app/x`, and what is still to come lies below it.
    if (within?.endsWith('/') === true && position.startsWith(within)) at -= 1;
    for (; at < keys.length; at += 1) {
      const key = keys[at] ?? '';
      const directory = key.endsWith('/') ? key.slice(0, -1) : key;
      const listed = seen.get(directory) ?? (await this.#listedAt(prefix + directory, ended));
      if (key === directory) {
        seen.set(directory, listed);
        if (listed.paths.includes('')) yield prefix + directory;
        continue;
      }
      seen.delete(directory);
      const rest = position.startsWith(key) ? position.slice(key.length) : '';
      if (listed.keys.length > 0 || listed.paths.length > 0) yield* this.#below(prefix + key, listed, rest, ended);
    }
  }

  async #listedAt(directory: string, ended: AbortSignal): Promise<OpenedDirectory> {
    ended.throwIfAborted();
    const { keys, hasIndex } = await this.#directories.at(directory as Key);
    const isLayout = hasIndex && (directory === rootPrefix || isRepositoryName(directory));
    return { keys, paths: isLayout ? await this.#pathsIn(directory as LayoutPrefix) : [] };
  }

  /** Most layouts hold one repository, which a search of the bytes tells without parsing them. */
  async #pathsIn(prefix: LayoutPrefix): Promise<readonly VirtualPath[]> {
    const { mount } = this.#mounted;
    const glanced = await glanceAtNames(mount.reader, layoutKeys(prefix));
    if (glanced !== 'unknown') return glanced === 'one' ? [''] : [];
    try {
      return (await this.#mounted.at(prefix).repositories()) ?? [];
    } catch (error) {
      // It is there, and a pull from it says why it cannot be served.
      if (error instanceof RegistryError || error instanceof StorageError) return [''];
      throw error;
    }
  }
}

/** Two lists in one order, without what is in both. */
async function* merged(sorted: readonly string[], others: AsyncIterable<string>): AsyncGenerator<string> {
  let at = 0;
  for await (const other of others) {
    for (let next = sorted[at]; next !== undefined && next <= other; next = sorted[at]) {
      if (next !== other) yield next;
      at += 1;
    }
    yield other;
  }
  yield* sorted.slice(at);
}
