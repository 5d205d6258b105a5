// How often values lay below which bound: a histogram. Observing costs some comparisons and nothing else, since it is done for every request.
import type { Sample } from './family.ts';

export class Distribution {
  readonly #bounds: readonly number[];
  /** Of each bound, what lies above the one before; the last is what lies above all. */
  readonly #counts: number[];
  #sum = 0;

  /** `bounds` grow. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = [...bounds, Number.POSITIVE_INFINITY].map(() => 0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  /** As Prometheus has them: each bucket holds those before it. */
  samples(name: string, labels: Sample['labels']): readonly Sample[] {
    let count = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, at): Sample => {
      count += this.#counts[at] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
