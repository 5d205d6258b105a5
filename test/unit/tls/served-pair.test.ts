// The certificate that is served: what replaces it, what does not, and what an operator is told.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ServedPair } from '../../../src/tls/served-pair.ts';
import { TlsFileError } from '../../../src/tls/tls-file-error.ts';
import { dayMs, type MadePair, makeAuthority } from '../../support/certificates.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { TestClock } from '../../support/test-clock.ts';

const authority = await makeAuthority();
const [first, second] = [await authority.server(), await authority.server()];
const expired = await authority.server({ atMs: Date.now() - 1000 * dayMs });

async function served(pair: MadePair = first) {
  const directory = await temporaryDirectory();
  const files = { certificate: join(directory, 'server.crt'), key: join(directory, 'server.key') };
  const clock = new TestClock();
  const lines: string[] = [];
  const warn = (message: string, details: object) => {
    lines.push(`${message}: ${Object.values(details).join()}`.replaceAll(directory, 'DIR'));
  };
  const log = { info: (message: string) => lines.push(message), slow: () => {}, warn };
  write(pair);
  const open = () => new ServedPair({ ...files, clock, log });
  /** The file itself needs no time to be old enough to be read; the clock has it. */
  const later = (ms = 5_000) => clock.advance(ms);
  return { directory, files, open, write, lines, later, clock };

  function write({ certificate, key }: Partial<MadePair>) {
    if (certificate !== undefined) writeFileSync(files.certificate, certificate);
    if (key !== undefined) writeFileSync(files.key, key);
  }
}

it('is replaced by what both files are by then, in whichever order they come', async () => {
  const { open, write, lines, later } = await served();
  const pair = open();
  expect(pair.current()).toMatchObject(first);
  expect(pair.current()).toBe(pair.current());
  write({ certificate: second.certificate });
  later(500);
  expect(pair.current()).toMatchObject(first);
  write({ key: second.key });
  later(500);
  expect(pair.current()).toMatchObject(second);
  expect(lines).toEqual(['the certificate was replaced']);
});

it('is replaced where a symbolic link of the directory is swapped, as Kubernetes does', async () => {
  const { directory, later } = await served();
  const clock = new TestClock();
  for (const [name, pair] of Object.entries({ one: first, two: second })) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'tls.crt'), pair.certificate);
    writeFileSync(join(directory, name, 'tls.key'), pair.key);
  }
  symlinkSync('one', join(directory, '..data'));
  for (const file of ['tls.crt', 'tls.key']) symlinkSync(join('..data', file), join(directory, file));
  const paths = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  const pair = new ServedPair({ ...paths, clock, log: { info: () => {}, slow: () => {}, warn: () => {} } });
  expect(pair.current()).toMatchObject(first);
  symlinkSync('two', join(directory, '..new'));
  renameSync(join(directory, '..new'), join(directory, '..data'));
  later();
  clock.advance(2_000);
  expect(pair.current()).toMatchObject(second);
});

it('stays where the new files cannot be used, and says so once', async () => {
  const { open, write, lines, later, files } = await served();
  const pair = open();
  write({ key: second.key });
  later();
  expect(pair.current()).toMatchObject(first);
  later();
  for (let times = 0; times < 3; times += 1) expect(pair.current()).toMatchObject(first);
  expect(lines).toEqual([
    'the certificate stays the one that was read before: server.tls.key (DIR/server.key): the key is not that of the certificate',
  ]);
  rmSync(files.certificate);
  later();
  pair.current();
  later();
  expect(pair.current()).toMatchObject(first);
  expect(lines[1]).toContain('server.tls.certificate (DIR/server.crt): there is no such file');
  write(second);
  later();
  expect(pair.current()).toMatchObject(second);
  expect(lines).toHaveLength(3);
});

it('is not replaced by one that has expired, unless it has itself', async () => {
  const { open, write, lines, later, clock } = await served();
  const pair = open();
  write(expired);
  later();
  expect(pair.current()).toMatchObject(first);
  expect(lines.join()).toContain('the certificate expired on');
  clock.step(900 * dayMs);
  later();
  expect(pair.current()).toMatchObject(expired);
});

it('is served although it has expired, since the clock may be wrong, and an operator is told', async () => {
  const { open, lines } = await served(expired);
  expect(open().current()).toMatchObject(expired);
  expect(lines).toEqual([
    expect.stringMatching(/^the certificate expired on \d{4}-\d\d-\d\d \d\d:\d\d UTC, and clients/),
  ]);
});

it('is served before it is valid', async () => {
  const { open, lines } = await served(await authority.server({ atMs: Date.now() + 3 * dayMs }));
  open();
  expect(lines).toEqual([expect.stringMatching(/^the certificate is not valid before .* is the clock/)]);
});

it('is told of once when it ends within two weeks', async () => {
  const { open, lines, clock } = await served();
  const pair = open();
  clock.step(800 * dayMs);
  expect(lines).toEqual([]);
  clock.step(12 * dayMs);
  for (let times = 0; times < 3; times += 1) pair.current();
  expect(lines).toEqual([
    expect.stringMatching(/^the certificate expires on .*; replace it before that: DIR\/server.crt$/),
  ]);
});

it.each([
  ['certificate', 'server.crt', { certificate: 'nothing' }, 'it holds no PEM certificate'],
  ['key', 'server.key', { key: second.key }, 'the key is not that of the certificate'],
] as const)('refuses to begin with a wrong %s', async (setting, file, wrong, reason) => {
  const { open, write, directory } = await served();
  write(wrong);
  expect(open).toThrow(TlsFileError);
  expect(open).toThrow(`server.tls.${setting} (${join(directory, file)}): ${reason}`);
});

it('refuses to begin without a file', async () => {
  const { open, files } = await served();
  rmSync(files.key);
  expect(open).toThrow(`server.tls.key (${files.key}): there is no such file`);
});
