// One metric with all its values, as plain data: what processes of a server tell each other, and what prom-client adds up and writes.

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of the parts of a histogram: `_bucket`, `_sum`, `_count` after its name. */
  readonly metricName?: string;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What several processes of one server make of it: what all of them see alike is not added up. */
  readonly aggregator: 'sum' | 'max' | 'min' | 'first';
  readonly values: readonly Sample[];
}

export function counterOf(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: 'counter', aggregator: 'sum', values };
}

/** `aggregator` for what each process sees of something that is there once. */
export function gaugeOf(
  name: string,
  help: string,
  values: readonly Sample[],
  aggregator: Family['aggregator'] = 'sum',
): Family {
  return { name, help, type: 'gauge', aggregator, values };
}

export function histogramOf(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: 'histogram', aggregator: 'sum', values };
}

/** One value without labels; none where it is undefined. */
export function plain(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}
