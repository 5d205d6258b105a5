// Reads what Prometheus reads: its text format (https://prometheus.io/docs/instrumenting/exposition_formats), strictly.

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Scrape {
  readonly series: readonly Series[];
  /** By the name of the metric. */
  readonly types: ReadonlyMap<string, string>;

  constructor(series: readonly Series[], types: ReadonlyMap<string, string>) {
    this.series = series;
    this.types = types;
  }

  /** The sum of all that have these labels; undefined where there is none. */
  valueOf(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.series.filter(
      (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }

  /** As they may stand in an expression: of a histogram its parts. */
  get names(): ReadonlySet<string> {
    return new Set(
      [...this.types].flatMap(([name, type]) =>
        type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
      ),
    );
  }
}

/** Throws for a line that Prometheus would refuse, and for two series that are one. */
export function parseExposition(text: string): Scrape {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const types = new Map<string, string>();
  const series: Series[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) types.set(name, type);
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line);
    const key = line.slice(0, line.lastIndexOf(' '));
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
    series.push(parsed);
  }
  for (const { name } of series) {
    if (!types.has(name) && !types.has(name.replace(/_(?:bucket|sum|count)$/, ''))) throw new Error(`no type: ${name}`);
  }
  return new Scrape(series, types);
}

function parseLine(line: string): Series {
  const [, name = '', written = '', value = ''] =
    /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+Inf|-Inf|NaN|Nan)$/.exec(line) ?? [];
  if (name === '') throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  const rest = written.replaceAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/g, (_, label, text) => {
    labels[label] = text;
    return '';
  });
  if (rest !== '') throw new Error(`no labels: ${line}`);
  return { name, labels, value: Number(value.replace('+Inf', 'Infinity')) };
}
