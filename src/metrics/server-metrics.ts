// All that is counted of a server, put together when somebody asks for it.
import type { Exposition, Metrics, RouteMeter } from '../http/metrics.ts';
import type { RegistryFigures } from '../registry/registry-figures.ts';
import { EventCounts } from './event-counts.ts';
import { EventLoopDelay } from './event-loop-delay.ts';
import type { ProcessMetrics } from './exposition.ts';
import { type Family, gaugeOf, plain } from './family.ts';
import type { MetricsSharing } from './metrics-sharing.ts';
import { cacheFamilies, mountFamilies } from './registry-families.ts';
import { RepositoryCounts } from './repository-counts.ts';
import { RequestCounts } from './request-counts.ts';

export interface ServerMetricsOptions {
  readonly version: string;
  /** Whether requests are counted by repository as well. */
  readonly countsRepositories: boolean;
  /** How many processes the server has. */
  readonly processes: number;
  /** Undefined where it has one. */
  readonly sharing: MetricsSharing | undefined;
  /** True for the one of them that finds out what takes a walk through the disk. */
  readonly walks: () => boolean;
}

export class ServerMetrics implements Metrics {
  /** Told by those that do it. */
  readonly events = new EventCounts();
  readonly #options: ServerMetricsOptions;
  readonly #requests: RequestCounts;
  readonly #delay = new EventLoopDelay();
  #figures: RegistryFigures | undefined;
  #process: ProcessMetrics | undefined;
  #reading: Promise<Exposition> | undefined;

  constructor(options: ServerMetricsOptions) {
    this.#options = options;
    this.#requests = new RequestCounts(options.countsRepositories ? new RepositoryCounts() : undefined);
    options.sharing?.serve(() => this.families());
  }

  /** What it holds is looked up from now on. */
  watch(figures: RegistryFigures): void {
    this.#figures = figures;
  }

  meterOf(method: string, route: string | undefined): RouteMeter {
    return this.#requests.meterOf(method, route);
  }

  /** Whoever asks while it is put together gets the same. */
  exposition(): Promise<Exposition> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Of this process. */
  async families(): Promise<readonly Family[]> {
    const { ProcessMetrics } = await import('./exposition.ts');
    this.#process ??= new ProcessMetrics();
    const { version, walks } = this.#options;
    const build = [{ labels: { version, node: process.versions.node }, value: 1 }];
    return [
      gaugeOf('moorage_build_info', 'Always 1; its labels say what runs.', build, 'first'),
      ...this.#requests.families(),
      ...this.events.families(),
      ...cacheFamilies(this.#figures?.caches() ?? []),
      ...mountFamilies((await this.#figures?.mounts(walks())) ?? []),
      ...this.#delay.families(),
      ...(await this.#process.families()),
    ];
  }

  close(): void {
    this.#delay.close();
  }

  async #read(): Promise<Exposition> {
    const { sharing, processes } = this.#options;
    const [own, others] = await Promise.all([this.families(), sharing?.ask()]);
    const group = [
      gaugeOf('moorage_workers', 'Processes that the server has.', plain(processes)),
      gaugeOf(
        'moorage_workers_silent',
        'Processes that are left out here: they did not answer.',
        plain(others?.silent ?? 0),
      ),
    ];
    const { expositionOf } = await import('./exposition.ts');
    return expositionOf([[...own, ...group], ...(others?.answers ?? [])]);
  }
}
