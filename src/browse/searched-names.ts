// The names that searches go through. All directories are looked into for them, which takes seconds for ten thousand repositories: so one walk serves
// all who search meanwhile, and for some seconds after it.
import { Pace } from '../layout/pacing/pace.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { IsShown } from '../registry/catalog.ts';
import type { Registry } from '../registry/registry.ts';

interface NamesWalk {
  readonly names: Promise<readonly RepositoryName[]>;
  /** Undefined while it is going on. */
  freshUntilMs: number | undefined;
}

const freshMs = 5_000;

export class SearchedNames {
  readonly #registry: Registry;
  readonly #now: () => number;
  #last: NamesWalk | undefined;

  /** `now` in milliseconds, of a clock that never goes back. */
  constructor(registry: Registry, now: () => number = () => performance.now()) {
    this.#registry = registry;
    this.#now = now;
  }

  /** Those that hold the text, in byte order. Throws the reason of `gone` when its client has left: the walk goes on for the next one. */
  async holding(text: string, isShown: IsShown | undefined, gone?: AbortSignal): Promise<readonly RepositoryName[]> {
    const pace = new Pace();
    const found: RepositoryName[] = [];
    for (const name of await this.#all()) {
      await pace.step();
      gone?.throwIfAborted();
      if (name.includes(text) && isShown?.(name) !== false) found.push(name);
    }
    return found;
  }

  #all(): Promise<readonly RepositoryName[]> {
    if (this.#last === undefined || this.#now() >= (this.#last.freshUntilMs ?? Number.POSITIVE_INFINITY)) {
      this.#last = this.#begin();
    }
    return this.#last.names;
  }

  #begin(): NamesWalk {
    const walk: NamesWalk = { names: this.#walk(), freshUntilMs: undefined };
    walk.names.then(
      () => {
        walk.freshUntilMs = this.#now() + freshMs;
      },
      () => {
        walk.freshUntilMs = this.#now();
      },
    );
    return walk;
  }

  async #walk(): Promise<readonly RepositoryName[]> {
    return (await this.#registry.catalog({})).items;
  }
}
