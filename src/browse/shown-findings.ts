// What is odd about the directory of a repository, as `moorage inspect` finds it. It is looked at for whoever asks, so a look is shared by all who
// do, ends after some seconds, and only one runs at a time.

import type { Finding } from '../inspection/findings/finding.ts';
import type { ServedInspection } from '../inspection/inspect-served.ts';
import { Turns } from '../layout/pacing/turns.ts';
import { RegistryError } from '../oci/error-code.ts';
import { printableText } from '../oci/printable-text.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';

export interface ShownFindings {
  /** A path of this machine; undefined for who may not know it. */
  readonly where?: string | undefined;
  readonly findings: readonly ShownFindingGroup[];
  /** False: there was too much to look at all of it. */
  readonly isWhole: boolean;
  /** Why there are none, in words. */
  readonly withheld?: string | undefined;
}

export interface ShownFindingGroup extends Pick<Finding, 'code' | 'severity' | 'why' | 'remedy'> {
  readonly about: readonly Pick<Finding, 'name' | 'digest' | 'path' | 'detail'>[];
  readonly omitted: number;
}

export interface FindingsAsked {
  /** Whoever asks may see all repositories, and so those that may lie in the same directory. */
  readonly seesAll: boolean;
  /** May know paths of this machine. */
  readonly seesPlace: boolean;
}

interface SharedInspection {
  readonly found: Promise<ServedInspection>;
  freshUntilMs: number;
}

const mostMs = 4_000;
const freshMs = 30_000;
const mostKept = 200;
const longestText = 400;

export class LayoutLooks {
  readonly #registry: Registry;
  /** The one that was asked for last at the end. */
  readonly #looks = new Map<string, SharedInspection>();
  readonly #turns = new Turns(1);
  readonly #mostMs: number;

  /** `ms` for tests. */
  constructor(registry: Registry, ms: number = mostMs) {
    this.#registry = registry;
    this.#mostMs = ms;
  }

  /** Throws NAME_UNKNOWN, and a StorageError where nothing can be read. */
  async show(name: RepositoryName, { seesAll, seesPlace }: FindingsAsked): Promise<ShownFindings> {
    const { tags, state } = await this.#registry.repository(name);
    // What is not there has none. Of what cannot be read nobody knows whose it is.
    const isReadable = await tags.list({ limit: 1 }).then(() => true, unreadableNow);
    if (!seesAll && (!isReadable || (await state.isAmongOthers()))) {
      return { findings: [], isWhole: true, withheld: 'its directory may hold repositories of others as well' };
    }
    const { where, findings, isWhole } = await this.#looked(name);
    const shown = findings.flatMap(({ findings: [first, ...others], omitted }): readonly ShownFindingGroup[] => {
      if (first === undefined) return [];
      const { code, severity, why, remedy } = first;
      return [
        { code, severity, why, remedy, omitted, about: [first, ...others].map((each) => aboutOf(each, seesPlace)) },
      ];
    });
    return { where: seesPlace ? where : undefined, findings: shown, isWhole };
  }

  #looked(name: RepositoryName): Promise<ServedInspection> {
    const known = this.#looks.get(name);
    if (known !== undefined && performance.now() < known.freshUntilMs) return known.found;
    const found = this.#turns.run(async () => {
      const { inspectServed } = await import('../inspection/inspect-served.ts');
      return inspectServed(await this.#registry.placeOf(name), this.#registry.rules, this.#mostMs);
    });
    // Until it is there everybody waits for it.
    const look: SharedInspection = { found, freshUntilMs: Number.POSITIVE_INFINITY };
    this.#looks.delete(name);
    this.#looks.set(name, look);
    const [oldest] = this.#looks.keys();
    if (this.#looks.size > mostKept && oldest !== undefined) this.#looks.delete(oldest);
    found.then(
      () => {
        look.freshUntilMs = performance.now() + freshMs;
      },
      () => {
        look.freshUntilMs = 0;
      },
    );
    return found;
  }
}

/** A broken one is what findings are for. */
function unreadableNow(error: unknown): false {
  if (error instanceof RegistryError && error.code === 'UNAVAILABLE') return false;
  throw error;
}

/** Strangers wrote it. Details may be where a link leads to, or what the system says: paths of this machine. */
function aboutOf({ name, digest, path, detail }: Finding, seesPlace: boolean): ShownFindingGroup['about'][number] {
  const shown = (text: string | undefined) => (text === undefined ? undefined : printableText(text, longestText));
  return { name: shown(name), digest: shown(digest), path: shown(path), detail: seesPlace ? shown(detail) : undefined };
}
