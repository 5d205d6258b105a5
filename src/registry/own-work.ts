// What a registry that takes pushes does by itself from its start on: upkeep, collection, the scrub, and counting what quotas are about.
import type { BackgroundWork } from '../layout/pacing/background-work.ts';
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { Collector } from './collector.ts';
import type { ChangingRules, LayoutRules } from './layout-rules.ts';
import type { MountedLayouts } from './mounted-layouts.ts';
import type { Quotas } from './quota/quotas.ts';
import type { UpkeepMeters } from './registry-meters.ts';
import { Scrub } from './scrub.ts';
import { Upkeep } from './upkeep.ts';

export interface OwnWorkParts {
  /** Those that are served now. */
  readonly mounts: () => readonly MountedLayouts[];
  readonly background: BackgroundWork;
  readonly collector: Collector;
  readonly quotas: Quotas;
  readonly meters: Pick<UpkeepMeters, 'scrubbed'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: LayoutRules;
  /** Unique among all processes that write. */
  readonly process: string;
}

export class OwnWork {
  readonly #parts: OwnWorkParts;
  readonly #upkeep: Upkeep;
  readonly #scrub: Scrub;

  constructor(parts: OwnWorkParts) {
    this.#parts = parts;
    this.#upkeep = new Upkeep({ ...parts, mounts: parts.mounts() });
    this.#scrub = new Scrub(parts);
  }

  /** Resolves once the layouts are as they were before a collection was killed. */
  async start(): Promise<void> {
    this.#upkeep.start();
    this.#countQuotas();
    this.#scrub.start();
    await this.#parts.collector.start();
  }

  /** `isTold`: what is odd about rules of retention that others are than before is to be said. */
  follow(rules: ChangingRules, { isTold }: { readonly isTold: boolean }): void {
    const { quotas, collector } = this.#parts;
    quotas.follow(rules.quotas);
    this.#countQuotas();
    this.#scrub.follow(rules);
    collector.follow(rules, isTold);
  }

  async close(): Promise<void> {
    await this.#upkeep.close();
    await this.#scrub.close();
  }

  #countQuotas(): void {
    const { background, quotas } = this.#parts;
    background.add('count what quotas are about', () => quotas.prepare());
  }
}
