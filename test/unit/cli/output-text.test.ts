// Sizes, digests, dates, tables and trees as they are printed.
import { describe, expect, it } from 'vitest';
import { fittedLines } from '../../../src/cli/fitted-lines.ts';
import { textTable } from '../../../src/cli/output-table.ts';
import { drawsUnicode, humanSize, shownDate, shownDigest } from '../../../src/cli/output-text.ts';
import { textTree } from '../../../src/cli/output-tree.ts';

describe('humanSize', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1024, '1.02 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [35_312_345, '35.3 MB'],
    [5_000_000_000, '5.00 GB'],
    [9e15, '9.00 PB'],
  ])('%d is %s', (bytes, text) => {
    expect(humanSize(bytes)).toBe(text);
  });
});

describe('shownDigest', () => {
  it('keeps twelve digits, or all', () => {
    const digest = `sha512:${'ab'.repeat(64)}`;
    expect(shownDigest(digest, true)).toBe('sha512:abababababab');
    expect(shownDigest(digest, false)).toBe(digest);
  });
});

describe('shownDate', () => {
  it.each([
    ['2026-01-02T03:04:05Z', '2026-01-02 03:04'],
    ['2026-01-02T03:04:05.123+02:00', '2026-01-02 01:04'],
    ['1970-01-01T00:00:00Z', '1970-01-01 00:00'],
    ['0001-01-01T00:00:00Z', undefined],
    ['yesterday', undefined],
    [undefined, undefined],
  ])('%s is %s', (written, shown) => {
    expect(shownDate(written)).toBe(shown);
  });
});

describe('drawsUnicode', () => {
  it.each([
    [true, { LANG: 'en_US.UTF-8' }, true],
    [true, { LC_ALL: 'C', LANG: 'en_US.UTF-8' }, false],
    [true, { LC_CTYPE: 'C.utf8' }, true],
    [true, {}, false],
    [false, { LANG: 'en_US.UTF-8' }, false],
  ])('terminal %s with %j: %s', (isTerminal, environment, expected) => {
    expect(drawsUnicode(isTerminal, environment)).toBe(expected);
  });
});

const evil = 'a\x1b]0;owned\x07\u202eb\nc';
const harmless = 'a\\u{1b}]0;owned\\u{7}\\u{202e}b\\u{a}c';

describe('textTable', () => {
  it('aligns columns, ends lines without spaces, and prints no control characters', () => {
    expect(
      textTable(
        ['A', 'LONG'],
        [
          ['abc', 'x'],
          ['d', evil],
        ],
      ),
    ).toBe(`A    LONG\nabc  x\nd    ${harmless}\n`);
  });
});

describe('a table on a terminal', () => {
  const header = ['NAME', 'DIGEST', 'TYPE'];
  const rows = [['registry.example/team/application', 'sha256:0123456789ab', 'index linux/amd64, linux/arm64']];

  it('is no wider than that, cut in the middle of what may be cut', () => {
    const lines = textTable(header, rows, { columns: 60, flexible: [0, 2] }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines[1]).toBe('registry...ication  sha256:0123456789ab  index li...ux/arm64');
  });

  it('keeps whole what is to be copied, and all of it elsewhere', () => {
    expect(textTable(header, rows, { columns: 20, flexible: [0, 2] })).toContain('  sha256:0123456789ab  ');
    const whole = textTable(header, rows, { columns: undefined, flexible: [0, 2] });
    expect(whole).toContain('registry.example/team/application  sha256:0123456789ab  index linux/amd64, linux/arm64');
  });
});

describe('lines on a terminal', () => {
  it.each([
    ['  a short one', '  a short one'],
    [
      '  !! WARNING: this registry listens beyond this machine',
      '  !! WARNING: this registry listens\n    beyond this machine',
    ],
    [
      '    skopeo copy --src-tls-verify=false docker://localhost:5000/app:v1 out',
      '    skopeo copy --src-tls-verify=false \\\n      docker://localhost:5000/app:v1 \\\n      out',
    ],
    [
      '    docker pull localhost:5000/team/app:v1    (and 2 other tags)',
      '    docker pull \\\n      localhost:5000/team/app:v1\n      (and 2 other tags)',
    ],
    [`  ${'x'.repeat(50)}`, `  ${'x'.repeat(50)}`],
  ])('%j goes on below', (line, fitted) => {
    expect(fittedLines(`${line}\n`, 40)).toBe(`${fitted}\n`);
    expect(fittedLines(`${line}\n`, undefined)).toBe(`${line}\n`);
  });
});

describe('textTree', () => {
  const leaf = (text: string) => ({ text, below: [] });
  const root = {
    text: 'r',
    below: [
      { text: 'a', below: [leaf('b'), leaf(evil)] },
      { text: 'c', below: [leaf('d')] },
    ],
  };

  it('draws lines', () => {
    expect(textTree(root, { inUnicode: true })).toBe(`r\n├─ a\n│  ├─ b\n│  └─ ${harmless}\n└─ c\n   └─ d\n`);
    expect(textTree(root, { inUnicode: false })).toBe(`r\n|- a\n|  |- b\n|  \`- ${harmless}\n\`- c\n   \`- d\n`);
  });
});
