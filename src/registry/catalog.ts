// The repositories of all mounts, whole or in pages: every directory that holds an index.json, and the full names inside it, in byte
// order.
import { byteOrder } from '../layout/index/tag-order.ts';
import { Pace } from '../layout/pacing/pace.ts';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import { mountOf, nameAbove } from './mount.ts';
import type { MountTable } from './mount-table.ts';
import type { MountedLayouts } from './mounted-layouts.ts';
import { OrderedNames } from './ordered-names.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { SharedWork } from './shared-work.ts';

/** Who asks for more shares the walk over everything with all who ask at once. */
const largestOwnPage = 1_000;

/** Whether somebody may learn of a repository. */
export type IsShown = (name: RepositoryName) => boolean;

/** The next name of a mount whose names are being told. */
interface Head {
  readonly names: AsyncIterator<RepositoryName>;
  readonly next: RepositoryName;
}

export class Catalog {
  readonly #mounts: Pick<MountTable, 'all'>;
  readonly #names = new WeakMap<MountedLayouts, OrderedNames>();
  readonly #whole = new SharedWork((ended) => this.#collect(undefined, Number.POSITIVE_INFINITY, ended));

  constructor(mounts: Pick<MountTable, 'all'>) {
    this.#mounts = mounts;
  }

  /** Costs a listing and a read for each repository that is returned. Throws the reason of `gone` once nobody waits any more. */
  async page(
    request: PageRequest,
    isShown: IsShown | undefined,
    gone: AbortSignal = new AbortController().signal,
  ): Promise<Page<RepositoryName>> {
    const { after, limit } = request;
    if (limit === undefined || limit > largestOwnPage) {
      const all = await this.#whole.ask(gone);
      return pageOf(isShown === undefined ? all : await shownOf(all, isShown), request);
    }
    // One more tells whether there is a next page.
    return pageOf(await this.#collect(after, limit + 1, gone, isShown), { limit });
  }

  async #collect(
    position: string | undefined,
    most: number,
    ended: AbortSignal,
    isShown?: IsShown,
  ): Promise<readonly RepositoryName[]> {
    const found: RepositoryName[] = [];
    const pace = new Pace();
    for await (const name of this.#after(position, ended)) {
      await pace.step();
      if (isShown?.(name) === false) continue;
      found.push(name);
      if (found.length >= most) break;
    }
    return found;
  }

  /** A mount is not looked into before its turn has come: there may be hundreds of archives. */
  async *#after(position: string | undefined, ended: AbortSignal): AsyncGenerator<RepositoryName> {
    const waiting = [...this.#mounts.all].sort((a, b) => byteOrder(a.name, b.name));
    let heads: Head[] = [];
    for (;;) {
      const least = heads.reduce<Head | undefined>((a, b) => (a === undefined || b.next < a.next ? b : a), undefined);
      const [mounted] = waiting;
      if (mounted !== undefined && (least === undefined || mounted.name <= least.next)) {
        waiting.shift();
        heads.push(...(await headOf(this.#namesOf(mounted, position, ended))));
        continue;
      }
      if (least === undefined) return;
      yield least.next;
      heads = [...heads.filter((head) => head !== least), ...(await headOf(least.names))];
    }
  }

  async *#namesOf(
    mounted: MountedLayouts,
    position: string | undefined,
    ended: AbortSignal,
  ): AsyncGenerator<RepositoryName> {
    const from = positionIn(mounted.name, position);
    if (from === 'behind') return;
    const known = this.#names.get(mounted);
    const names = known ?? new OrderedNames(mounted);
    if (known === undefined) this.#names.set(mounted, names);
    for await (const below of names.after(from, ended)) {
      const name = nameAbove(mounted, below);
      // What another mount hides is not what a pull of this name would get.
      if (isRepositoryName(name) && mountOf(this.#mounts.all, name) === mounted) yield name;
    }
  }
}

async function shownOf(names: readonly RepositoryName[], isShown: IsShown): Promise<readonly RepositoryName[]> {
  const shown: RepositoryName[] = [];
  const pace = new Pace();
  for (const name of names) {
    await pace.step();
    if (isShown(name)) shown.push(name);
  }
  return shown;
}

/** Where to begin below a mount: undefined at the mount itself, `behind` where all of its names come before the position. */
function positionIn(mount: RepositoryName | '', position: string | undefined): string | undefined | 'behind' {
  if (position === undefined || mount === '') return position;
  if (position < mount) return undefined;
  if (position < `${mount}/`) return '';
  return position.startsWith(`${mount}/`) ? position.slice(mount.length + 1) : 'behind';
}

async function headOf(names: AsyncIterator<RepositoryName>): Promise<readonly Head[]> {
  const { done, value } = await names.next();
  return done === true ? [] : [{ names, next: value }];
}
