// What everything takes on the disk. All files are looked at for it, which takes half a minute for ten thousand repositories: so who asks soon
// after somebody else gets what that one got.
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { DiskUse } from '../registry/disk-use.ts';
import type { Registry } from '../registry/registry.ts';
import { isoTimeOf } from './iso-time.ts';
import { type ShownUse, useShown } from './shown-repository.ts';

/** Sums are told to those who may see all repositories. */
export interface ShownMount extends Partial<Omit<DiskUse, 'repositories'>> {
  readonly repositories: readonly (ShownUse & { readonly repository: string })[];
}

export interface ShownDisk {
  readonly at?: string | undefined;
  readonly mounts: readonly ShownMount[];
  /** Repositories of which nobody can tell what they need. */
  readonly unclear: readonly { readonly repository: string; readonly why: string }[];
}

interface DiskLooked {
  readonly found: Promise<ShownDisk>;
  /** Undefined while it is going on. */
  freshUntilMs: number | undefined;
}

const freshMs = 60_000;
/** So that a large site spends a tenth of its time on it at most, however many ask. */
const freshForEachMs = 10;

export class DiskLook {
  readonly #registry: Registry;
  readonly #now: () => number;
  #last: DiskLooked | undefined;

  /** `now` in milliseconds, of a clock that never goes back. */
  constructor(registry: Registry, now: () => number = () => performance.now()) {
    this.#registry = registry;
    this.#now = now;
  }

  /** Throws a StorageError where the disk cannot be read; the next one who asks looks anew. */
  show(): Promise<ShownDisk> {
    if (this.#last === undefined || this.#now() >= (this.#last.freshUntilMs ?? Number.POSITIVE_INFINITY)) {
      this.#last = this.#begin();
    }
    return this.#last.found;
  }

  #begin(): DiskLooked {
    const beganMs = this.#now();
    const look: DiskLooked = { found: this.#look(), freshUntilMs: undefined };
    look.found.then(
      () => {
        const tookMs = this.#now() - beganMs;
        look.freshUntilMs = beganMs + tookMs + Math.max(freshMs, freshForEachMs * tookMs);
      },
      () => {
        look.freshUntilMs = beganMs;
      },
    );
    return look;
  }

  async #look(): Promise<ShownDisk> {
    const at = isoTimeOf(Date.now());
    const unclear: { repository: string; why: string }[] = [];
    const mounts = await this.#registry.diskUse(
      () => true,
      (repository, why) => unclear.push({ repository, why }),
    );
    const shown = mounts.map(({ repositories, ...sums }) => ({
      ...sums,
      repositories: repositories.map(({ repository, ...use }) => ({ repository, ...useShown(use, true) })),
    }));
    return { at, mounts: shown, unclear };
  }
}

/** For who may not see all repositories: theirs alone, but for directories that they have only a part of. */
export async function ownPart(
  registry: Registry,
  { at, mounts }: ShownDisk,
  isShown: (name: RepositoryName) => boolean,
): Promise<ShownDisk> {
  const repositories: ShownMount['repositories'][number][] = [];
  for (const { repository, bytes, blobs } of mounts.flatMap((mount) => mount.repositories)) {
    if (!isRepositoryName(repository) || !isShown(repository)) continue;
    const { state } = await registry.repository(repository);
    if (!(await state.isAmongOthers())) repositories.push({ repository, bytes, blobs });
  }
  return { at, mounts: [{ repositories }], unclear: [] };
}
