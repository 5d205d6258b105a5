// What `docker login` and `podman login` left behind, in files and behind helpers.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loginCredentials } from '../../../src/remote/login-credentials.ts';
import { textAt } from '../../../src/storage/filesystem/path-probe.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

interface Login {
  readonly docker?: unknown;
  readonly podman?: unknown;
  /** Shell scripts by name of the helper. */
  readonly helpers?: Readonly<Record<string, string>>;
  readonly helperTimeoutMs?: number;
}

async function login({ docker, podman, helpers = {}, helperTimeoutMs = 10_000 }: Login) {
  const home = await temporaryDirectory();
  const write = async (path: string, value: unknown) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  };
  if (docker !== undefined) await write(join(home, '.docker/config.json'), docker);
  if (podman !== undefined) await write(join(home, 'run/containers/auth.json'), podman);
  for (const [name, script] of Object.entries(helpers)) {
    const path = join(home, 'bin', `docker-credential-${name}`);
    await write(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }
  const PATH = `${join(home, 'bin')}:/usr/bin:/bin`;
  const environment = { HOME: home, XDG_RUNTIME_DIR: join(home, 'run'), PATH };
  return loginCredentials({ environment, helperTimeoutMs, readText: textAt });
}

const basic = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const password = (username: string, secret: string) => ({ kind: 'password', username, password: secret });

describe('entries of auths', () => {
  it.each<[string, string, string, Record<string, unknown>, unknown]>([
    ['a host', 'localhost:5000', '', { 'localhost:5000': basic('me:se:cret') }, password('me', 'se:cret')],
    ['a URL', 'ghcr.io', 'a/b', { 'https://ghcr.io/v2/': basic('me:x') }, password('me', 'x')],
    ['a name and a password', 'ghcr.io', '', { 'ghcr.io': { username: 'me', password: '' } }, password('me', '')],
    ['NUL after the password', 'ghcr.io', '', { 'ghcr.io': basic('me:x\0\0') }, password('me', 'x')],
    [
      'the first API of Docker Hub',
      'docker.io',
      'library/a',
      { 'https://index.docker.io/v1/': basic('me:x') },
      password('me', 'x'),
    ],
    [
      'the longest part',
      'q.io',
      'a/b/c',
      { 'q.io': basic('1:x'), 'q.io/a/b': basic('2:x'), 'q.io/a': basic('3:x') },
      password('2', 'x'),
    ],
    ['no part of a word', 'q.io', 'ab', { 'q.io/a': basic('1:x') }, undefined],
    [
      'an identity token',
      'ghcr.io',
      '',
      { 'ghcr.io': { ...basic('me:'), identitytoken: 'idt' } },
      { kind: 'identity-token', token: 'idt' },
    ],
    [
      'a registry token',
      'ghcr.io',
      '',
      { 'ghcr.io': { registrytoken: 'rt' } },
      { kind: 'registry-token', token: 'rt' },
    ],
    ['another host', 'ghcr.io', '', { 'docker.io': basic('me:x'), 'ghcr.io': {}, 'xghcr.io': basic('y:y') }, undefined],
  ])('%s', async (_what, host, name, auths, expected) => {
    const source = await login({ docker: { auths } });
    expect(await source(host, name)).toEqual({ credentials: expected, problem: undefined });
  });

  it('of podman are asked when docker has none', async () => {
    const source = await login({ docker: { auths: {} }, podman: { auths: { 'q.io': basic('pod:man') } } });
    expect((await source('q.io', '')).credentials).toEqual(password('pod', 'man'));
  });

  it('may be missing altogether', async () => {
    expect(await (await login({}))('q.io', '')).toEqual({ credentials: undefined, problem: undefined });
  });

  it('that cannot be read are a problem to be told, and no obstacle to the next file', async () => {
    const broken = await login({ docker: '{"auths": ' });
    const { credentials, problem } = await broken('q.io', '');
    expect(credentials).toBeUndefined();
    expect(problem).toMatch(/^credentials of .*config\.json are not used: /);
    const next = await login({ docker: 'x', podman: { auths: { 'q.io': basic('pod:man') } } });
    expect(await next('q.io', '')).toEqual({ credentials: password('pod', 'man'), problem: undefined });
  });
});

describe('credential helpers', () => {
  const answers = `read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$server\\",\\"Secret\\":\\"$1\\"}"`;

  it('get the server on standard input', async () => {
    const source = await login({ docker: { credsStore: 'test' }, helpers: { test: answers } });
    expect((await source('localhost:5000', 'a')).credentials).toEqual(password('localhost:5000', 'get'));
    expect((await source('docker.io', 'a')).credentials).toEqual(password('https://index.docker.io/v1/', 'get'));
  });

  it('of one registry win over the one of all', async () => {
    const docker = { credsStore: 'none', credHelpers: { 'q.io': 'test' }, auths: { 'q.io': {} } };
    const source = await login({ docker, helpers: { test: answers } });
    expect((await source('q.io', '')).credentials).toEqual(password('q.io', 'get'));
  });

  it('may give an identity token', async () => {
    const script = `echo '{"ServerURL":"q.io","Username":"<token>","Secret":"idt"}'`;
    const source = await login({ docker: { credsStore: 'test' }, helpers: { test: script } });
    expect((await source('q.io', '')).credentials).toEqual({ kind: 'identity-token', token: 'idt' });
  });

  it('that have nothing leave it to the file', async () => {
    const script = 'echo "credentials not found in native keychain"; exit 1';
    const source = await login({
      docker: { credsStore: 'test', auths: { 'q.io': basic('me:x') } },
      helpers: { test: script },
    });
    expect(await source('q.io', '')).toEqual({ credentials: password('me', 'x'), problem: undefined });
    expect(await source('r.io', '')).toEqual({ credentials: undefined, problem: undefined });
  });

  it.each([
    ['missing', {}, 'docker-credential-missing is not installed'],
    ['failing', { failing: 'echo no >&2; exit 3' }, 'docker-credential-failing failed with exit code 3'],
    ['../evil', {}, 'is not the name of a credential helper'],
    ['babbling', { babbling: 'echo hello' }, 'are not used: '],
    ['hanging', { hanging: 'exec sleep 60' }, 'docker-credential-hanging gave no answer for 0.3 seconds'],
  ])('%s: a problem to be told', async (helper, helpers, expected) => {
    const helperTimeoutMs = helper === 'hanging' ? 300 : 10_000;
    const source = await login({ docker: { credsStore: helper }, helpers, helperTimeoutMs });
    const { credentials, problem } = await source('q.io', '');
    expect(credentials).toBeUndefined();
    expect(problem).toContain(expected);
  });
});
