// How much there is of what a registry holds, in numbers, for whoever watches it. Looked up when somebody asks: what costs more than a few
// looks is remembered.
import type { BackgroundWork } from '../layout/pacing/background-work.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Clock } from '../storage/clock.ts';
import type { Room } from '../storage/object-store.ts';
import { readCollectedAtMs } from './collector.ts';
import type { MountedLayouts, SharedByLayouts } from './mounted-layouts.ts';
import { PoolSavings } from './pool-savings.ts';
import { readScrubState, type ScrubState } from './scrub-state.ts';
import { unlessUnavailable } from './unless-refused.ts';

/** Of this process. */
export interface CacheFigures {
  readonly cache: string;
  readonly entries: number;
  /** Undefined for one that is bounded by its entries. */
  readonly bytes: number | undefined;
}

/** Of a mount that takes pushes; each process of a server finds the same. */
export interface MountFigures {
  readonly mount: RepositoryName | '';
  /** Undefined where the storage does not tell. */
  readonly room: Room | undefined;
  /** Uploads that have bytes and are not finished. */
  readonly uploadsOpen: number;
  /** By the wall clock; undefined where nothing was collected yet. */
  readonly collectedAtMs: number | undefined;
  /** Undefined where no scrub has begun, or none is done. */
  readonly scrub: ScrubState | undefined;
  /** Known to be damaged, and not answered; at most a few hundred are counted. */
  readonly damagedFiles: number;
  /** Undefined until it was found out, and in processes that leave that to another one. */
  readonly poolSavedBytes: number | undefined;
}

export interface RegistryFiguresOptions {
  readonly mounts: () => readonly MountedLayouts[];
  readonly shared: Pick<SharedByLayouts, 'caches' | 'smallBlobs'>;
  readonly background: BackgroundWork;
  readonly clock: Clock;
}

export class RegistryFigures {
  readonly #options: RegistryFiguresOptions;
  readonly #savings: PoolSavings;

  constructor(options: RegistryFiguresOptions) {
    this.#options = options;
    this.#savings = new PoolSavings(options.background, options.clock);
  }

  caches(): readonly CacheFigures[] {
    const { shared, mounts } = this.#options;
    const { bytes: manifests, facts, annotations } = shared.caches;
    const sized = Object.entries({ manifests, facts, annotations }).map(([cache, { size, calculatedSize }]) => {
      return { cache, entries: size, bytes: calculatedSize };
    });
    const small = shared.smallBlobs === undefined ? [] : [{ cache: 'small-blobs', ...shared.smallBlobs.size }];
    const layouts = mounts().reduce((sum, { knownLayouts }) => sum + knownLayouts, 0);
    return [...sized, ...small, { cache: 'layouts', entries: layouts, bytes: undefined }];
  }

  /** Without those that are out of reach now. `walks`: whether this process finds out what takes a walk. */
  async mounts(walks: boolean): Promise<readonly MountFigures[]> {
    const writable = this.#options.mounts().filter(({ mount }) => mount.writer !== undefined);
    const figures = await Promise.all(writable.map((mounted) => unlessUnavailable(this.#of(mounted, walks))));
    return figures.filter((each) => each !== undefined);
  }

  async #of(mounted: MountedLayouts, walks: boolean): Promise<MountFigures> {
    const { reader } = mounted.mount;
    const { scrubbed } = mounted;
    const [room, staged, damagedFiles] = await Promise.all([reader.room(), reader.staged(), mounted.countDamaged()]);
    return {
      mount: mounted.name,
      room,
      uploadsOpen: staged.length,
      collectedAtMs: await readCollectedAtMs(reader),
      scrub: scrubbed && (await readScrubState(scrubbed.store, scrubbed.keys.state)),
      damagedFiles,
      poolSavedBytes: walks ? this.#savings.of(reader) : undefined,
    };
  }
}
