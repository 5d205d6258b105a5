// All quotas of a registry, and those that concern one repository.
import { randomUUID } from 'node:crypto';
import { indexFileName } from '../../layout/files/keys.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RegistryError } from '../../oci/error-code.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Clock } from '../../storage/clock.ts';
import type { Key, ObjectReader } from '../../storage/object-store.ts';
import type { Mount } from '../mount.ts';
import { type AskedRoom, Quota } from './quota.ts';
import { isBelow, type QuotaRule } from './quota-rule.ts';
import type { CountedPlace } from './stored-bytes.ts';

/** How much of a body is taken: asked as it comes, since others bring something at the same time. */
export interface BodyLimit {
  /** Keeps room for so many bytes, with those that the session has; or says why there is none. */
  refusal(bytes: number): RegistryError | undefined;
}

export interface BroughtBlob {
  readonly digest: Digest;
  readonly bytes: number;
}

export class Quotas {
  readonly #make: (rule: QuotaRule) => Quota;
  #quotas: readonly Quota[];

  /** Where no pushes are taken, nothing is counted. */
  constructor(rules: readonly QuotaRule[], mounts: () => readonly Mount[], clock: Clock) {
    this.#make = (rule) => new Quota({ rule, clock, places: () => placesOf(rule, mounts()) });
    this.#quotas = rules.map(this.#make);
  }

  /** For pushes that begin from now on, and for what those under way have still to bring where the prefix is the same. */
  follow(rules: readonly QuotaRule[]): void {
    const known = new Map(this.#quotas.map((quota) => [quota.prefix, quota]));
    this.#quotas = rules.map((rule) => {
      const quota = known.get(rule.prefix);
      quota?.follow(rule.bytes);
      return quota ?? this.#make(rule);
    });
  }

  of(name: RepositoryName): RepositoryQuotas {
    return new RepositoryQuotas(() => this.#quotas, name);
  }

  async prepare(): Promise<void> {
    for (const quota of this.#quotas) await quota.prepare();
  }
}

/** A push must find room in each of them. */
export class RepositoryQuotas {
  readonly #all: () => readonly Quota[];
  readonly #name: RepositoryName;
  #seen: readonly Quota[] | undefined;
  #concerning: readonly Quota[] = [];

  constructor(all: () => readonly Quota[], name: RepositoryName) {
    this.#all = all;
    this.#name = name;
  }

  /** Those that there are now. */
  get #quotas(): readonly Quota[] {
    const all = this.#all();
    if (all !== this.#seen) {
      this.#seen = all;
      this.#concerning = all.filter((quota) => quota.concerns(this.#name));
    }
    return this.#concerning;
  }

  /** False for the many repositories that no quota concerns. */
  get isAny(): boolean {
    return this.#quotas.length > 0;
  }

  /** Throws QuotaExceededError. In any case `holds` or `arrived` is to be said afterwards. */
  async admit(bringer: string, asked: AskedRoom): Promise<void> {
    for (const quota of this.#quotas) await quota.admit(bringer, asked);
  }

  /** The same for what comes in one step; `work` says whether it arrived. */
  async bring({ digest, bytes }: BroughtBlob, work: () => Promise<boolean>): Promise<boolean> {
    if (!this.isAny) return work();
    const bringer = randomUUID();
    try {
      await this.admit(bringer, { digest, bytes });
      const hasArrived = await work();
      if (hasArrived) this.arrived(bringer, digest, bytes);
      return hasArrived;
    } finally {
      this.holds(bringer, 0);
    }
  }

  /** For what comes, also without saying how much it is. */
  limits(bringer: string, digest: Digest | undefined): readonly BodyLimit[] {
    return this.#quotas.map((quota) => ({ refusal: (bytes) => quota.take(bringer, { digest, bytes }) }));
  }

  arrived(bringer: string, digest: Digest, bytes: number): void {
    for (const quota of this.#quotas) quota.arrived(bringer, digest, bytes);
  }

  holds(bringer: string, bytes: number): void {
    for (const quota of this.#quotas) quota.holds(bringer, bytes);
  }
}

async function placesOf({ prefix }: QuotaRule, mounts: readonly Mount[]): Promise<readonly CountedPlace[]> {
  const places: CountedPlace[] = [];
  for (const { name, reader, writer } of mounts) {
    if (writer === undefined) continue;
    if (isBelow(name, prefix)) places.push({ reader, prefix: '' as Key, isLayout: false });
    else if (name === '' || isBelow(prefix, name)) {
      places.push(await placeBelow(reader, name === '' ? prefix : prefix.slice(name.length + 1)));
    }
  }
  return places;
}

/** Several repositories may lie in one layout further up, by their full names: they share its blobs, so all of it counts. */
async function placeBelow(reader: ObjectReader, path: string): Promise<CountedPlace> {
  const parents = path.split('/').map((_, at, all) => all.slice(0, at).join('/'));
  for (const parent of ['', ...parents].reverse()) {
    const index = parent === '' ? indexFileName : `${parent}/${indexFileName}`;
    const isAbsent = (await reader.list(path as Key)).length === 0;
    if (isAbsent && (await reader.stat(index as Key)) !== undefined) {
      return { reader, prefix: parent as Key, isLayout: true };
    }
  }
  return { reader, prefix: path as Key, isLayout: false };
}
