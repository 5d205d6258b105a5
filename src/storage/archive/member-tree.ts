// Members below one directory of the archive as keys: finding, listing, and following symbolic links among them.

import type { Child } from '../object-store.ts';
import { isOwnName } from '../own-names.ts';
import { linkTarget, memberPath, pathRefusal } from './member-path.ts';
import type { Member, TarContents } from './tar-contents.ts';

/** As many as Linux follows on one path. */
const maxLinksFollowed = 40;

export class MemberTree {
  readonly #contents: TarContents;
  readonly #base: string;
  #sorted: readonly string[] | undefined;

  /** `base` is a directory of the archive, or '' for all of it. */
  constructor(contents: TarContents, base: string) {
    this.#contents = contents;
    this.#base = base === '' ? '' : `${base}/`;
  }

  find(key: string): Member | undefined {
    // A root may have been archived whole.
    return isOwnName(key) ? undefined : this.#contents.members.get(this.#base + key);
  }

  isSymbolicLink(key: string): boolean {
    return this.#contents.symbolicLinks.has(this.#base + key);
  }

  /** The key of the member that a path leads to when links inside the archive are followed, also through directories; undefined where there is none. */
  resolve(path: string): string | undefined {
    if (pathRefusal(path) !== undefined) return undefined;
    const found = this.#follow(this.#base + memberPath(path));
    return found?.startsWith(this.#base) === true ? found.slice(this.#base.length) : undefined;
  }

  /** The direct children in byte order. */
  list(prefix: string): readonly Child[] {
    const start = this.#base + (prefix === '' ? '' : `${prefix}/`);
    const paths = this.#sortedPaths();
    const children: Child[] = [];
    for (let at = firstNotBefore(paths, start, 0); at < paths.length; ) {
      const path = paths[at] ?? '';
      if (!path.startsWith(start)) break;
      const slash = path.indexOf('/', start.length);
      const name = path.slice(start.length, slash === -1 ? path.length : slash);
      if (!isOwnName(name)) children.push({ name, kind: slash === -1 ? 'object' : 'prefix' });
      // `0` is the character after the slash: whatever lies below this child is skipped at once.
      at = slash === -1 ? at + 1 : firstNotBefore(paths, `${start}${name}0`, at + 1);
    }
    return children.sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)));
  }

  /** Up to `limit` directories, not the base itself, that have a member of this name and are what the caller wants. */
  directoriesOf(name: string, limit: number, isWanted: (directory: string) => boolean = () => true): readonly string[] {
    const directories: string[] = [];
    for (const path of this.#contents.members.keys()) {
      if (directories.length === limit) break;
      if (!path.startsWith(this.#base) || !path.endsWith(`/${name}`)) continue;
      const directory = path.slice(this.#base.length, -name.length - 1);
      const isFound = directory !== '' && this.find(`${directory}/${name}`) !== undefined;
      if (isFound && isWanted(directory)) directories.push(directory);
    }
    return directories;
  }

  /** Sorted when first asked for: serving a layout by digest never does. */
  #sortedPaths(): readonly string[] {
    this.#sorted ??= [...this.#contents.members.keys()].sort();
    return this.#sorted;
  }

  #follow(start: string): string | undefined {
    const pending = [start];
    for (let followed = 0; followed <= maxLinksFollowed; followed += 1) {
      const path = pending.shift();
      if (path === undefined || this.#contents.members.has(path)) return path;
      pending.unshift(...this.#throughFirstLink(path));
    }
    return undefined;
  }

  /**
   * The path with the first of its components that is a link replaced by what that leads to; nothing when none is. Some tools write
   * links of a layer to another as if from the root of the archive: what is not there is looked for at the root.
   */
  #throughFirstLink(path: string): readonly string[] {
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const link = end === -1 ? path : path.slice(0, end);
      const target = this.#contents.symbolicLinks.get(link);
      if (target !== undefined) {
        const whole = `${target}${end === -1 ? '' : path.slice(end)}`;
        const atRoot = linkTarget('', whole.replace(/^(?:\.{0,2}\/)+/, ''));
        const found = [linkTarget(link, whole), atRoot === undefined ? undefined : `${this.#base}${atRoot}`];
        return found.filter((each) => each !== undefined);
      }
      if (end === -1) return [];
    }
  }
}

/** The first index from `from` on whose path is not before `wanted`, in the order of `sort`. */
function firstNotBefore(paths: readonly string[], wanted: string, from: number): number {
  let [low, high] = [from, paths.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((paths[middle] ?? '') < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
