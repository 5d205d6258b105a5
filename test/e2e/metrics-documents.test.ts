// The dashboard, the alerts and docs/metrics.md name metrics that a server shows, and docs/metrics.md names all of ours.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectFile } from '../interop/project-files.ts';
import { parseExposition, type Scrape } from '../support/exposition.ts';
import { startMoorage } from './moorage-process.ts';

const textOf = (path: string) => readFileSync(projectFile(path), 'utf8');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly panels: readonly Panel[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const dashboard = JSON.parse(textOf('docs/metrics/dashboard.json')) as Dashboard;
const { groups } = parse(textOf('docs/metrics/alerts.yaml')) as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const expressions = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
  ...rules.map(({ expr }) => expr),
];

/** Of Prometheus itself. */
const others = new Set(['up']);
const namesIn = (expression: string) =>
  [...expression.matchAll(/\b(?:(?:moorage|process|nodejs)_\w+|up)\b/g)].map(([name]) => name);

async function scraped(environment: Readonly<Record<string, string>> = {}): Promise<Scrape> {
  const server = await startMoorage(['serve', '--root', 'registry', '--port', '0'], { environment });
  const { url } = await server.ready();
  return parseExposition(await (await fetch(`${url}/metrics`)).text());
}

describe('each metric', () => {
  it('that the dashboard and the alerts ask for is shown', { timeout: 600_000 }, async () => {
    const { names } = await scraped();
    const asked = new Set(expressions.flatMap(namesIn).filter((name) => !others.has(name)));
    expect(asked.size).toBeGreaterThan(20);
    expect([...asked].filter((name) => !names.has(name))).toEqual([]);
  });

  it('of ours that is shown is explained in docs/metrics.md, and no other', { timeout: 600_000 }, async () => {
    const { types } = await scraped({ MOORAGE_METRICS_REPOSITORIES: 'true' });
    const ours = [...types.keys()].filter((name) => name.startsWith('moorage_'));
    const table = textOf('docs/metrics.md')
      .split('\n')
      .filter((line) => line.startsWith('| `moorage_'));
    const explained = table.map((line) => /^\| `(moorage_\w+)/.exec(line)?.[1]);
    expect(explained.toSorted()).toEqual(ours.toSorted());
  });
});

describe('the dashboard', () => {
  it('is one that Grafana takes: panels with ids and places of their own, and a query for each value', () => {
    expect(dashboard).toMatchObject({ uid: 'moorage', title: 'moorage', schemaVersion: expect.any(Number) });
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const shown = dashboard.panels.filter(({ type }) => type !== 'row');
    for (const { title, targets = [], gridPos } of shown) {
      expect([title, targets.length > 0, new Set(targets.map(({ refId }) => refId)).size]).toEqual([
        title,
        true,
        targets.length,
      ]);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
    const cells = shown.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  it('uses no variable that it does not have', () => {
    const known = new Set([...dashboard.templating.list.map(({ name }) => name), '__rate_interval', '__all']);
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the alerts', () => {
  it('have a name each, how bad it is, and what it means', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(rule).toMatchObject({
        alert: expect.stringMatching(/^Moorage[A-Z]\w+$/),
        labels: { severity: expect.stringMatching(/^(?:critical|warning|info)$/) },
        annotations: { summary: expect.stringMatching(/\.$/) },
      });
      if (rule.for !== undefined) expect(rule.for).toMatch(/^\d+[mh]$/);
    }
  });

  it.each(expressions)('has as many brackets as it closes: %s', (expression) => {
    for (const [open, close] of ['()', '{}', '[]'].map((pair) => pair.split(''))) {
      expect(expression.split(open ?? '').length).toBe(expression.split(close ?? '').length);
    }
  });
});
