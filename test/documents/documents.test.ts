// Every command of these documents works, in their order, as they stand there.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectDirectory } from '../structure/source-files.ts';
import { missingOf } from './bench-of-tools.ts';
import { blocksIn, untaggedIn } from './document-blocks.ts';
import { runDocument } from './run-document.ts';

const documents = [
  'README.md',
  ...readdirSync(join(projectDirectory, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Without the variable these alone are run: all of them take minutes. */
const firstPages = ['README.md', 'docs/first-five-minutes.md'];

/**
 * "present": all pages, without the blocks of clients that are absent. What must not be absent: "required", what install-clients.sh brings
 * by itself; "full", everything.
 */
const required = process.env.MOORAGE_CLIENTS;
/** install-clients.sh builds them with --full only. */
const onlyInFull = ['helm', 'cosign', 'zot'];
const isWanted = (name: string) => required === 'full' || (required === 'required' && !onlyInFull.includes(name));

/** Milliseconds, for what hangs: a page starts engines and several servers, and half a minute is usual. */
const longest = 300_000;

const clients = [
  'oras',
  'regctl',
  'crane',
  'olareg',
  'registry',
  'notation',
  'cosign',
  'zot',
  'helm',
  'skopeo',
  'podman',
  'buildah',
];
const command = new RegExp(
  `(?:^|[|(;]|&&) *(?:\\w+=\\S+ +)*(${[...clients, 'docker', 'ctr', 'rsync'].join('|')})(?= )`,
  'gm',
);

function programsIn(script: string): readonly string[] {
  return [...script.matchAll(command)].flatMap(([, name]) => name ?? []);
}

describe.each(documents)('%s', (path) => {
  const text = readFileSync(join(projectDirectory, path), 'utf8');
  const needed = [...new Set(blocksIn(text).flatMap(({ needs }) => needs))];
  const absent = new Map(
    needed.map((name) => [name, missingOf(name)] as const).filter(([, missing]) => missing.length > 0),
  );

  const isRun = required !== undefined || firstPages.includes(path);

  for (const [name, missing] of isRun ? absent : []) {
    it.skipIf(!isWanted(name))(`has what the blocks with ${name} need: no ${missing.join(', no ')} here`, () => {
      expect(missing).toEqual([]);
    });
  }

  const present = blocksIn(text).filter(({ needs }) => !needs.some((name) => absent.has(name)));
  if (isRun && present.some(({ kind }) => kind === 'run' || kind === 'serve'))
    it('works as it is written', { timeout: longest }, async () => {
      expect(await runDocument(path, new Set(absent.keys()))).toBeGreaterThan(0);
    });

  it('names the programs without which a block does not work', () => {
    const unnamed = blocksIn(text).flatMap(({ kind, text: script, needs, line }) =>
      kind === 'run' || kind === 'serve'
        ? programsIn(script).flatMap((name) => (needs.includes(name) ? [] : `${path}:${line}: ${name}`))
        : [],
    );
    expect(unnamed).toEqual([]);
  });

  it('says of each command how it is run, or that it is not', () => {
    expect(untaggedIn(text)).toEqual([]);
  });
});

it.skipIf(required === undefined)('runs the other pages: MOORAGE_CLIENTS=present does', () => {
  expect(documents.length).toBeGreaterThan(firstPages.length);
});

it('knows the programs of a script', () => {
  expect(programsIn('A=b crane x | oras y\necho "$(helm z)"\nmoorage crane\n')).toEqual(['crane', 'oras', 'helm']);
});

describe('blocksIn', () => {
  it('finds what is to be run', () => {
    const text =
      '```sh run\none\ntwo\n```\n\n```sh not-run\nleft out\n```\n```sh serve\nserver\n```\n```text prints\nout\n```\n';
    expect(blocksIn(text)).toEqual([
      { kind: 'run', text: 'one\ntwo\n', line: 1, needs: [], exit: 0 },
      { kind: 'serve', text: 'server\n', line: 9, needs: [], port: undefined },
      { kind: 'prints', text: 'out\n', line: 12, needs: [] },
    ]);
  });

  it('reads what stands behind the kind', () => {
    const text =
      '```yaml file=a.yaml\na: 1\n```\n```sh run needs=oras,crane exit=1\nx\n```\n```sh serve port=5001\ny\n```\n';
    expect(blocksIn(text)).toEqual([
      { kind: 'file', text: 'a: 1\n', line: 1, needs: [], name: 'a.yaml' },
      { kind: 'run', text: 'x\n', line: 4, needs: ['oras', 'crane'], exit: 1 },
      { kind: 'serve', text: 'y\n', line: 7, needs: [], port: '5001' },
    ]);
  });

  it('finds commands of which nobody says whether they are run', () => {
    expect(untaggedIn('```sh\nx\n```\n```sh run\ny\n```\n```sh not-run\nz\n```\n```text\n```\n')).toEqual([1]);
  });
});
