// The rules of `retention`, from the file and from the environment.
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.ts';
import type { WrittenSetting } from '../../../src/config/setting-source.ts';

function written(path: string, value: unknown): readonly WrittenSetting[] {
  return [{ path, value, origin: 'test' }];
}

async function retention(value: unknown) {
  return (await loadSettings({ flags: written('retention', value), environment: {}, file: undefined })).retention;
}

async function problems(path: string, value: unknown): Promise<readonly string[]> {
  const load = loadSettings({ flags: written(path, value), environment: {}, file: undefined });
  const error = await load.then(
    () => undefined,
    (problem: { readonly problems: readonly { readonly message: string }[] }) => problem,
  );
  return (error?.problems ?? []).map(({ message }) => message);
}

describe('retention', () => {
  it('has no rule unless one is written', async () => {
    const settings = await loadSettings({ flags: [], environment: {}, file: undefined });
    expect(settings.retention).toEqual([]);
    expect(settings.untagged).toBe('keep');
  });

  it('takes a list of rules; patterns alone or in a list', async () => {
    const [first, second] = await retention([
      {
        repositories: 'team/*',
        tags: ['pr-*', 'ci-*'],
        keepNewest: 3,
        keepPushedWithin: '30d',
        keepPulledWithin: '2y',
      },
      { keepAll: true },
    ]);
    expect(first).toMatchObject({
      keepNewest: 3,
      keepPushedWithin: 30 * 86_400_000,
      keepPulledWithin: 730 * 86_400_000,
    });
    expect(first?.repositories.map(({ text }) => text)).toEqual(['team/*']);
    expect(first?.tags.map(({ text }) => text)).toEqual(['pr-*', 'ci-*']);
    expect(second?.repositories.map(({ text }) => text)).toEqual(['**']);
    expect(second?.tags.map(({ text }) => text)).toEqual(['*']);
    expect(second?.keepAll).toBe(true);
  });

  it('is JSON in the environment', async () => {
    const environment = { MOORAGE_RETENTION: '[{"tags":"pr-*","keepNewest":1}]', MOORAGE_UNTAGGED: '7d' };
    const settings = await loadSettings({ flags: [], environment, file: undefined });
    expect(settings.retention[0]?.keepNewest).toBe(1);
    expect(settings.untagged).toBe(7 * 86_400_000);
  });

  it.each([
    ['team/*', ['retention: "team/*" is not a list of rules; see docs/retention.md']],
    [7, ['retention: 7 is not a list of rules; see docs/retention.md']],
    [['x'], ['has a problem in rule 1: is not a rule with keys']],
    [[{ keepAll: true }, { keepLast: 3 }], ['has a problem in rule 2: "keepLast" is not a key of a rule']],
    [[{ keepNewest: 0 }], ['has a problem in rule 1, keepNewest: is not at least 1']],
    [[{ keepNewest: '3' }], ['has a problem in rule 1, keepNewest: is not a whole number']],
    [[{ keepPushedWithin: '30 moons' }], ['has a problem in rule 1, keepPushedWithin: is not a duration']],
    [
      [{ keepPulledWithin: '11y' }],
      ['has a problem in rule 1, keepPulledWithin: is not a duration of at most 10 years'],
    ],
    [[{ tags: ['a b'] }], ['has a problem in rule 1, tags: "a b" is no pattern of names']],
    [[{ keepAll: false }], ['has a problem in rule 1, keepAll: is not true; leave it out']],
  ])('%j is refused', async (value, expected) => {
    const found = await problems('retention', value);
    expect(found).toHaveLength(expected.length);
    for (const [at, text] of expected.entries()) expect(found[at]).toContain(text);
  });
});

describe('durations', () => {
  it('go up to ten years', async () => {
    const flags = [
      ...written('gc.grace', '3653d'),
      ...written('scrub.every', '10y'),
      ...written('uploads.expireAfter', '10y'),
    ];
    const settings = await loadSettings({ flags, environment: {}, file: undefined });
    expect(settings.gc.grace).toBe(3_653 * 86_400_000);
    expect(settings.scrub.every).toBe(3_650 * 86_400_000);
    expect(await problems('gc.grace', '3654d')).toEqual(['gc.grace: "3654d" is too long; at most 10 years, 3653d']);
    expect(await problems('gc.every', '11y')).toEqual(['gc.every: "11y" is too long; at most 10 years, 3653d, or off']);
  });

  it('may be a word where that says what is meant', async () => {
    for (const off of ['off', false]) {
      const settings = await loadSettings({ flags: written('gc.every', off), environment: {}, file: undefined });
      expect(settings.gc.every).toBe('off');
    }
    expect((await loadSettings({ flags: written('gc.grace', '0s'), environment: {}, file: undefined })).gc.grace).toBe(
      0,
    );
    expect(await problems('untagged', 'off')).toHaveLength(1);
    expect(await problems('scrub.rate', '1B')).toEqual(['scrub.rate: "1B" is below 1KiB']);
  });
});
