// The only import of prom-client: its metrics of the process, what several processes add up to, and the text. Loaded with the first
// scrape: most servers are never asked, and it takes as long as a quarter of a start.
import { AggregatorRegistry, collectDefaultMetrics, type PrometheusContentType, Registry } from 'prom-client';
import type { Exposition } from '../http/metrics.ts';
import type { Family } from './family.ts';

/** It measures the delay of the event loop as well, which is done already (event-loop-delay.ts): seldom, and not shown. */
const seldomMs = 1_000;
const ownDelay = /^nodejs_eventloop_lag_/;

export class ProcessMetrics {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: seldomMs });
    for (const { name } of this.#registry.getMetricsAsArray()) {
      if (ownDelay.test(name)) this.#registry.removeSingleMetric(name);
    }
  }

  async families(): Promise<readonly Family[]> {
    // Its types leave out the values and how they are added up, which is what this is asked for.
    const families = (await this.#registry.getMetricsAsJSON()) as unknown as readonly PromFamily[];
    // It would leave out when processes began: the youngest tells that one was replaced.
    return families.map(({ aggregator, ...family }) => ({
      ...family,
      aggregator: aggregator === 'omit' ? 'max' : aggregator,
    }));
  }
}

interface PromFamily extends Omit<Family, 'aggregator'> {
  readonly aggregator: Family['aggregator'] | 'omit';
}

/** What each process told, as one server. */
export async function expositionOf(processes: readonly (readonly Family[])[]): Promise<Exposition> {
  const all = AggregatorRegistry.aggregate<PrometheusContentType>([...processes]);
  return { contentType: all.contentType, text: await all.metrics() };
}
