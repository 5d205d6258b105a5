// What a copy shows while it runs, on a terminal and elsewhere.
import { describe, expect, it } from 'vitest';
import { notesOn, progressOn } from '../../../src/cli/progress-lines.ts';
import { totalsLine } from '../../../src/cli/progress-totals.ts';
import { TransferRate, timeLeft } from '../../../src/cli/transfer-rate.ts';
import { blobOf } from '../../support/content.ts';

function shownOn(columns: number | undefined) {
  const shown = { text: '', nowMs: 0 };
  const output = {
    columns,
    write: (text: string) => {
      shown.text += text;
    },
    now: () => shown.nowMs,
  };
  return { shown, output };
}

const blob = (text: string) => ({ digest: blobOf(text).digest, size: 2_000_000 });
const short = (text: string) => blobOf(text).digest.slice(0, 19);

describe('progress where lines stay', () => {
  it('is a line for each blob and manifest', () => {
    const { shown, output } = shownOn(undefined);
    const progress = progressOn(output);
    progress.blobFinished(blob('a'), 'copied');
    shown.nowMs += 1_000;
    progress.blobFinished(blob('b'), 'present');
    shown.nowMs += 1_000;
    progress.manifestFinished(blob('c'), 'copied');
    progress.end();
    expect(shown.text.split('\n')).toEqual([
      `${short('a')}  2.00 MB  copied`,
      `${short('b')}  2.00 MB  there already`,
      `${short('c')}  manifest  copied`,
      '',
    ]);
  });

  it('only counts what comes faster than it can be read', () => {
    const { shown, output } = shownOn(undefined);
    const progress = progressOn(output);
    for (let at = 0; at < 10_000; at += 1) {
      shown.nowMs += 1;
      progress.blobFinished(blob('a'), 'copied');
    }
    progress.end();
    const lines = shown.text.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(20 + 2 * 10 + 1);
    const untold = lines.map((line) => Number(/^and (\d+) more$/.exec(line)?.[1] ?? 1));
    expect(untold.reduce((sum, count) => sum + count, 0)).toBe(10_000);
  });

  it('always tells where a blob goes on, and what a user should know', () => {
    const { shown, output } = shownOn(undefined);
    const progress = progressOn(output);
    progress.blobFinished(blob('a'), 'copied');
    progress.blobStarted(blob('b'), 500_000);
    progress.note('left out: \u001b[31mred');
    expect(shown.text).toContain(`${short('b')}  2.00 MB  goes on at 500 kB\n`);
    expect(shown.text).toContain('note: left out: \\u{1b}[31mred\n');
  });
});

describe('progress on a terminal', () => {
  it('is one line that is rewritten, no wider than the terminal, and gone at the end', () => {
    const { shown, output } = shownOn(60);
    const progress = progressOn(output);
    const lastLine = () => shown.text.split('\r\u001b[K').at(-1);
    progress.blobsExpected([blob('a'), blob('b'), blob('b'), blob('c')]);
    for (const text of ['a', 'b', 'c']) {
      progress.blobStarted(blob(text), 0);
      progress.blobAdvanced(blob(text), 500_000);
      shown.nowMs += 1_000;
    }
    progress.blobAdvanced(blob('a'), 500_000);
    expect(lastLine()).toBe(`2.00 MB of 6.00 MB  667 kB/s  6s left  0 blobs  ${short('a')} 50%`.slice(0, 59));
    shown.nowMs += 1_000;
    progress.blobFinished(blob('a'), 'copied');
    expect(lastLine()).toMatch(/^3.00 MB of 6.00 MB {2}\d+ kB\/s {2}\d+s left {2}1 blob {2}sha256/);
    const drawn = shown.text.split('\r\u001b[K');
    for (const line of drawn) expect(line.length).toBeLessThan(60);
    expect(shown.text).not.toContain('\n');
    progress.end();
    expect(shown.text.endsWith('\r\u001b[K')).toBe(true);
  });

  it('is not redrawn for every piece', () => {
    const { shown, output } = shownOn(80);
    const progress = progressOn(output);
    progress.blobStarted(blob('a'), 0);
    for (let at = 0; at < 1_000; at += 1) progress.blobAdvanced(blob('a'), 1);
    expect(shown.text.split('\r').length).toBe(2);
  });

  it('lets notes stand above it', () => {
    const { shown, output } = shownOn(80);
    const progress = progressOn(output);
    progress.blobStarted(blob('a'), 0);
    progress.note('left out');
    expect(shown.text.endsWith('\r\u001b[Knote: left out\n')).toBe(true);
  });
});

describe('the time left', () => {
  it.each([
    [9_000, 1_000, '9s'],
    [59_001, 1_000, '1m00s'],
    [185_000, 1_000, '3m05s'],
    [7_800_000, 1_000, '2h10m'],
    [1e12, 1_000, undefined],
    [1_000, 0, undefined],
    [1_000, undefined, undefined],
  ])('of %d bytes at %s a second is %s', (bytes, perSecond, text) => {
    expect(timeLeft(bytes, perSecond)).toBe(text);
  });

  it('follows what came of late', () => {
    const rate = new TransferRate();
    expect(rate.perSecond).toBeUndefined();
    for (let second = 0; second <= 20; second += 1) rate.sample(second * 1_000, second * 1_000_000);
    expect(rate.perSecond).toBe(1_000_000);
    for (let second = 21; second <= 40; second += 1) rate.sample(second * 1_000, 20_000_000);
    expect(rate.perSecond).toBe(0);
  });
});

it('beside JSON only notes are shown', () => {
  const { shown, output } = shownOn(undefined);
  const progress = notesOn(output);
  progress.blobStarted(blob('a'), 5);
  progress.blobFinished(blob('a'), 'copied');
  progress.note('left out');
  progress.end();
  expect(shown.text).toBe('note: left out\n');
});

it('the last line says how much had to be copied', () => {
  const blobs = { copied: 2, resumed: 1, present: 3, linked: 1 };
  const totals = { manifests: { copied: 1, present: 2 }, blobs, bytesCopied: 5_000, bytesSkipped: 70 };
  expect(totalsLine(totals)).toBe('3 manifests, 3 blobs copied (5.00 kB); 4 blobs were there (70 B not copied)');
  const one = { copied: 1, resumed: 0, present: 1, linked: 0 };
  expect(totalsLine({ ...totals, manifests: { copied: 1, present: 0 }, blobs: one })).toBe(
    '1 manifest, 1 blob copied (5.00 kB); 1 blob was there (70 B not copied)',
  );
});
