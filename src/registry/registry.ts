// The registry: repositories by name, over one mount or several.
import { checkedAtOnceBytes } from '../layout/blobs/blob-checks.ts';
import { SmallBlobs } from '../layout/blobs/small-blobs.ts';
import type { LayoutPlace } from '../layout/changes/layout-place.ts';
import { newWritingProcess } from '../layout/changes/writing-process.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import { canonicalHost, hostComponent } from '../layout/index/image-name.ts';
import { createManifestCaches } from '../layout/manifests/manifest-caches.ts';
import type { VirtualPath } from '../layout/names/name-table.ts';
import { BackgroundWork } from '../layout/pacing/background-work.ts';
import { RegistryError } from '../oci/error-code.ts';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import { systemClock } from '../storage/clock.ts';
import { MemoryStore } from '../storage/memory/memory-store.ts';
import { RepeatedWork } from '../storage/repeated-work.ts';
import { Catalog, type IsShown } from './catalog.ts';
import type { CollectionOptions } from './collection.ts';
import { type CollectionOutcome, Collector } from './collector.ts';
import { type DiskUse, diskUseOf } from './disk-use.ts';
import { GatherBudget } from './gathered-body.ts';
import { layoutPrefixes, type OnUnlisted } from './layout-prefixes.ts';
import type { ChangingRules, LayoutRules } from './layout-rules.ts';
import { scanLayouts } from './layout-scans.ts';
import { type Location, locate } from './locate.ts';
import { type Mount, mountOf, nameAbove, nameBelow } from './mount.ts';
import { MountTable } from './mount-table.ts';
import { MountedLayouts, type SharedByLayouts } from './mounted-layouts.ts';
import type { NamedLayout, UnlistedDirectory } from './named-layout.ts';
import { OwnWork } from './own-work.ts';
import type { Page, PageRequest } from './page.ts';
import { Quotas } from './quota/quotas.ts';
import { tellingOf } from './registry-desk.ts';
import { RegistryFigures } from './registry-figures.ts';
import { noRegistryMeters } from './registry-meters.ts';
import type { RegistryParts } from './registry-parts.ts';
import { type Repository, repositoryOf, type WritableRepository } from './repository.ts';
import { unlessRefused, unlessUnavailable } from './unless-refused.ts';
import type { UploadSessions } from './upload-sessions.ts';

const catchUpEveryMs = 5_000;
/** Whoever pushes to one process of a server may pull from another one at once: what one has hashed the others need not. */
const catchUpWithOwnEveryMs = 1_000;

export class Registry {
  /** How much there is of what it holds. */
  readonly figures: RegistryFigures;
  readonly rules: LayoutRules;
  readonly #options: RegistryParts;
  readonly #table: MountTable;
  readonly #shared: SharedByLayouts;
  /** Where names lead that no mount holds: nothing is there, and nothing comes. */
  readonly #nowhere: MountedLayouts;
  readonly #background: BackgroundWork;
  readonly #own = new WeakMap<ImageLayout, Repository | WritableRepository>();
  readonly #catalog: Catalog;
  readonly #collector: Collector;
  /** Once started, and where pushes are taken. */
  #ownWork: OwnWork | undefined;
  readonly #catchingUp = new RepeatedWork(() => this.#catchUp());

  constructor(options: RegistryParts) {
    this.#options = options;
    const { log, rules, clock = systemClock, processes = 1, meters = noRegistryMeters } = options;
    this.rules = rules;
    const background = new BackgroundWork(log);
    this.#background = background;
    this.#shared = {
      caches: createManifestCaches(processes),
      smallBlobs: new SmallBlobs(processes),
      background,
      process: options.mounts.some(({ writer }) => writer !== undefined)
        ? newWritingProcess({ owners: options.owners, processes, meters, desk: options.desk })
        : undefined,
      clock,
      turns: options.turns,
      log,
      rules,
      sharers: options.sharers,
      gathering: GatherBudget.ofOneOf(processes),
      quotas: new Quotas(rules.quotas, () => this.#mounts.map(({ mount }) => mount), clock),
      checkedAtOnceBytes: options.checkedAtOnceBytes ?? checkedAtOnceBytes,
    };
    this.#table = new MountTable(this.#mounted(options.mounts), (error) => {
      log.warn('what is no longer served could not be closed', { error });
    });
    this.#catalog = new Catalog(this.#table);
    const mounts = () => this.#mounts;
    this.figures = new RegistryFigures({ mounts, shared: this.#shared, background, clock });
    this.#collector = new Collector({
      mounts,
      clock,
      log,
      meters,
      desk: options.desk,
      rules,
      process: this.process,
    });
    const empty: Mount = { name: '', reader: new MemoryStore(), writer: undefined, facts: undefined };
    this.#nowhere = new MountedLayouts(empty, this.#shared);
  }

  /** Unique among all processes that write; '' where no pushes are taken. */
  get process(): string {
    return this.#shared.process?.id ?? '';
  }

  /**
   * Serves more, and some of it no longer, in one step for whoever asks. Where no pushes were taken at the start, none are
   * by what comes.
   */
  exchange(added: readonly Mount[], removed: readonly Mount[]): void {
    this.#table.exchange(this.#mounted(added), removed);
  }

  #mounted(mounts: readonly Mount[]): readonly MountedLayouts[] {
    return mounts.map((mount) => new MountedLayouts(mount, this.#shared));
  }

  get #mounts(): readonly MountedLayouts[] {
    return this.#table.all;
  }

  /**
   * A repository exists once a manifest was pushed to it, and unknown names leave nothing behind: always answers.
   * Throws NAME_INVALID for a name that is kept for other files.
   */
  repository(name: RepositoryName): Promise<Repository> {
    return this.#repository(name);
  }

  /** One of a layout further up, whether its name leads there now or not. */
  repositoryIn({ name, layout, mount }: NamedLayout, path: RepositoryName): Repository | WritableRepository {
    const mounted = this.#mounts.find((each) => each.mount === mount) ?? this.#nowhere;
    return this.#repositoryOf(nameAbove({ name }, path) as RepositoryName, mounted, layout, path);
  }

  /** The same for pushes and deletes. Throws DENIED (403) where none are taken: the gate has refused such requests before. */
  async writable(name: RepositoryName): Promise<WritableRepository> {
    const repository = await this.#repository(name);
    if ('uploads' in repository) return repository;
    const detail = this.whyReadOnly(name);
    throw new RegistryError('DENIED', detail === undefined ? {} : { detail });
  }

  async #repository(name: RepositoryName): Promise<Repository | WritableRepository> {
    const mounted = mountOf(this.#mounts, name) ?? this.#nowhere;
    const below = nameBelow(mounted, name);
    const loaded = mounted.loaded(below);
    if (loaded !== undefined) return this.#repositoryOf(name, mounted, loaded, '');
    const { layout, path } = await this.#locate(mounted, below);
    return this.#repositoryOf(name, mounted, layout, path);
  }

  /** What is there under the name itself wins over what is there under the mount's other name. */
  async #locate(mounted: MountedLayouts, below: RepositoryName | ''): Promise<Location> {
    const found = await locate(below, (prefix) => mounted.at(prefix));
    const { alias } = mounted.mount;
    if (
      alias === undefined ||
      !below.startsWith(`${alias}/`) ||
      (await found.layout.has(found.layout.names(found.path)))
    ) {
      return found;
    }
    const other = await locate(below.slice(alias.length + 1) as RepositoryName, (prefix) => mounted.at(prefix));
    return (await other.layout.has(other.layout.names(other.path))) ? other : found;
  }

  #repositoryOf(
    name: RepositoryName,
    mounted: MountedLayouts,
    layout: ImageLayout,
    path: VirtualPath,
  ): Repository | WritableRepository {
    const known = path === '' ? this.#own.get(layout) : undefined;
    if (known !== undefined) return known;
    const repository = repositoryOf({
      name,
      layout,
      names: layout.names(path),
      sessions: mounted.sessions,
      layoutOf: async (other) => {
        if (mountOf(this.#mounts, other) !== mounted) return undefined;
        return (await unlessRefused(this.#locate(mounted, nameBelow(mounted, other))))?.layout;
      },
      rules: this.#options.rules,
      tell: tellingOf(this.#options.desk, mounted.mount.writer),
    });
    if (path === '') this.#own.set(layout, repository);
    return repository;
  }

  /** Where a repository lies, or would lie. Of a directory that holds several repositories it is that of all of them. */
  async placeOf(repository: RepositoryName): Promise<NamedLayout> {
    const mounted = mountOf(this.#mounts, repository) ?? this.#nowhere;
    const { layout, prefix } = await this.#locate(mounted, nameBelow(mounted, repository));
    return { name: nameAbove(mounted, prefix), layout, mount: mounted.mount, prefix };
  }

  /** As another process of the same server names it; undefined where this one does not serve it (any more). */
  layoutAt({ mount, prefix }: LayoutPlace): ImageLayout | undefined {
    return this.#mounts.find(({ name }) => name === mount)?.at(prefix);
  }

  /** The same of the uploads of a mount. */
  sessionsOf(mount: LayoutPlace['mount']): UploadSessions | undefined {
    return this.#mounts.find(({ name }) => name === mount)?.sessions;
  }

  /**
   * The repository here that holds `name` of another registry: HOST/name, or an image whose full name in a mounted layout says
   * so. Undefined when there is none of those that `isShown`.
   */
  async mirrored(host: string, name: RepositoryName, isShown: IsShown): Promise<RepositoryName | undefined> {
    const component = hostComponent(canonicalHost(host));
    if (component === undefined) return undefined;
    const below = `${component}/${name}`;
    const candidates = ['', ...this.#mounts.map((mounted) => mounted.name).filter((each) => each !== '')];
    for (const mount of candidates) {
      const candidate = mount === '' ? below : `${mount}/${below}`;
      if (isRepositoryName(candidate) && isShown(candidate) && (await this.#exists(candidate))) return candidate;
    }
    return undefined;
  }

  async #exists(name: RepositoryName): Promise<boolean> {
    const mounted = mountOf(this.#mounts, name);
    if (mounted === undefined) return false;
    const has = this.#locate(mounted, nameBelow(mounted, name)).then(({ layout, path }) =>
      layout.has(layout.names(path)),
    );
    // A layout that cannot be read holds nothing for a mirror, and must not keep it from the others.
    return (await unlessRefused(has)) === true;
  }

  /** True when pushes and deletes are refused: of one repository, or of the registry as a whole. */
  isReadOnly(name: RepositoryName | undefined): boolean {
    return this.whyReadOnly(name) !== undefined;
  }

  /** In words for whoever is refused; undefined when pushes are taken. */
  whyReadOnly(name: RepositoryName | undefined): string | undefined {
    if (name === undefined) {
      return this.#mounts.every(({ mount }) => mount.writer === undefined) ? 'the registry is read-only' : undefined;
    }
    const mounted = mountOf(this.#mounts, name);
    if (mounted === undefined) return 'nothing is served under this name; new repositories need --root DIR';
    if (mounted.mount.writer === undefined) return 'this repository is served read-only';
    const isItself = mounted.mount.isOnlyParent === true && name === mounted.name;
    return isItself ? `a directory of repositories is served under this name; push to ${name}/NAME` : undefined;
  }

  /** Of the repositories that `isShown`; undefined: of all. Throws the reason of `gone` when its client has left. */
  catalog(page: PageRequest, isShown?: IsShown, gone?: AbortSignal): Promise<Page<RepositoryName>> {
    return this.#catalog.page(page, isShown, gone);
  }

  /** Every layout of every mount, by the name it is served under. Told of directories that could not be listed. */
  async *layouts(onUnlisted?: (directory: UnlistedDirectory) => void): AsyncIterable<NamedLayout> {
    for (const mounted of this.#mounts) {
      const { mount } = mounted;
      const tell: OnUnlisted = (prefix, why) => onUnlisted?.({ name: nameAbove(mounted, prefix), mount, prefix, why });
      for await (const prefix of layoutPrefixes(mount.reader, undefined, tell)) {
        const name = nameAbove(mounted, prefix);
        yield { name, layout: mounted.at(prefix), mount, prefix };
      }
    }
  }

  /** Looks through the blobs of every layout now, so that the first client that asks for referrers need not wait for it. */
  scan(): Promise<void> {
    return scanLayouts(this.layouts(), this.#options.log);
  }

  /**
   * Deletes what nobody needs from every mount, or tells what that would be. Of mounts that take no pushes it only tells. Returns what came of
   * it, mount by mount. Waits for so long where another process collects.
   */
  async collect(options: CollectionOptions, patienceMs = 0): Promise<readonly CollectionOutcome[]> {
    const outcomes: CollectionOutcome[] = [];
    for (const mounted of this.#mounts) outcomes.push(await this.#collector.collect(mounted, options, patienceMs));
    return outcomes;
  }

  /** What repositories take on the disk, mount by mount; `onUnclear` is told of those of which nobody can say what they need. */
  async diskUse(
    isMeant: (prefix: string) => boolean,
    onUnclear: (repository: string, why: string) => void,
  ): Promise<readonly DiskUse[]> {
    const uses: DiskUse[] = [];
    for (const mounted of this.#mounts) {
      const unreferenced = () => this.#collector.unreferenced(mounted, isMeant, onUnclear);
      uses.push(await diskUseOf(mounted, { isMeant, unreferenced }));
    }
    return uses;
  }

  /** What keeps the registry from serving, in words for an operator; empty when it is ready. */
  async readiness(): Promise<readonly string[]> {
    return (await Promise.all(this.#mounts.map((mounted) => mounted.problems()))).flat();
  }

  /**
   * What an operator should know of a registry that is ready, in words: content that was found damaged. It answers 404, and everything else is
   * served, so a restart would change nothing.
   */
  async warnings(): Promise<readonly string[]> {
    const found = await Promise.all(this.#mounts.map((mounted) => unlessUnavailable(mounted.damage())));
    return found.filter((each) => each !== undefined);
  }

  /**
   * Looks at what other processes find out about blobs from now on and, where pushes are taken, keeps the layouts in order. Resolves once the
   * layouts are as they were before a collection was killed.
   */
  async start(): Promise<void> {
    const { log, rules, processes = 1, meters = noRegistryMeters } = this.#options;
    const everyMs = processes > 1 ? catchUpWithOwnEveryMs : catchUpEveryMs;
    this.#catchingUp.every(everyMs);
    if (this.isReadOnly(undefined) || this.#ownWork !== undefined) return;
    const { clock, quotas, process = newWritingProcess() } = this.#shared;
    const own = { background: this.#background, collector: this.#collector, quotas, meters };
    this.#ownWork = new OwnWork({ ...own, mounts: () => this.#mounts, clock, log, rules, process: process.id });
    await this.#ownWork.start();
  }

  /** Once started: with the next collection, the next file that is read again, the next push. `isTold`: what is odd about them is said. */
  follow(rules: ChangingRules, options: { readonly isTold: boolean }): void {
    this.#ownWork?.follow(rules, options);
  }

  async close(): Promise<void> {
    await this.#ownWork?.close();
    await this.#catchingUp.close();
    await this.#collector.close();
    await this.#background.close();
    await this.#table.close();
  }

  async #catchUp(): Promise<void> {
    for (const mounted of this.#mounts) {
      await mounted.catchUp().catch((error: unknown) => {
        this.#options.log.info('what other processes found out about blobs cannot be read', { error });
      });
    }
  }
}
