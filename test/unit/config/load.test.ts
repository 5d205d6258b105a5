// Precedence of the sources, and every problem at once.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigError } from '../../../src/config/config-error.ts';
import { defaultSettings, loadSettings } from '../../../src/config/load.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'moorage-config-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function file(text: string): Promise<string> {
  const path = join(directory, 'm.yaml');
  await writeFile(path, text);
  return path;
}

async function problemsOf(sources: Parameters<typeof loadSettings>[0]): Promise<string[]> {
  const error: ConfigError = await loadSettings(sources).then(
    () => expect.unreachable('the settings should have been refused'),
    (reason) => reason,
  );
  return error.problems.map(({ origin, message }) => `${origin} ${message}`);
}

describe('loadSettings', () => {
  it('gives the defaults when nothing is written', async () => {
    const settings = await loadSettings({ flags: [], environment: {}, file: undefined });
    expect(settings).toEqual(defaultSettings());
    expect(settings).toEqual({
      storage: { root: './registry', ephemeral: false, fileMode: 0o644, directoryMode: 0o755, verifyReads: 'once' },
      auth: { scheme: 'bearer', groups: new Map() },
      layouts: {
        duplicates: 'last',
        unnamed: 'latest',
        tagless: 'hidden',
        referrersTag: 'always',
        listReferrersTags: false,
        digests: 'any',
        registryHost: 'strip',
        links: 'verify',
        scan: 'off',
        reconcile: 'off',
      },
      server: {
        listen: { host: '127.0.0.1', port: 5000 },
        readOnly: false,
        stallTimeout: 60_000,
        shutdownTimeout: 30_000,
        workers: 'auto',
        timing: false,
        tls: { http2: false },
      },
      manifests: { requireReferences: false, maxSize: 8_388_608 },
      deletes: { enabled: true, referencedBlobs: 'refuse' },
      uploads: { expireAfter: 86_400_000 },
      gc: { every: 86_400_000, grace: 86_400_000, foreign: false },
      retention: [],
      untagged: 'keep',
      scrub: { every: 30 * 86_400_000, rate: 20 * 1_048_576 },
      limits: { requests: 'off', connections: 'off', uploads: 'off', unfinished: 'off' },
      quota: [],
      audit: { required: false },
      events: [],
      metrics: { enabled: true, repositories: false },
      log: { level: 'info', requests: true, format: 'auto' },
    });
  });

  it('lets flags win over the environment, and the environment over the file', async () => {
    const path = await file(
      'storage:\n  root: /file\nserver:\n  listen: :1\nlog:\n  level: error\n  requests: false\n',
    );
    const settings = await loadSettings({
      flags: [{ path: 'storage.root', value: '/flag', origin: '--root' }],
      environment: { MOORAGE_STORAGE_ROOT: '/environment', MOORAGE_LOG_LEVEL: 'debug' },
      file: path,
    });
    expect(settings.storage.root).toBe('/flag');
    expect(settings.log).toEqual({ level: 'debug', requests: false, format: 'auto' });
    expect(settings.server.listen).toEqual({ host: '*', port: 1 });
  });

  it('reads the file that MOORAGE_CONFIG names, unless a flag names another', async () => {
    const path = await file('deletes:\n  enabled: false\n');
    const environment = { MOORAGE_CONFIG: path };
    expect((await loadSettings({ flags: [], environment, file: undefined })).deletes.enabled).toBe(false);
    expect(await problemsOf({ flags: [], environment, file: `${path}.none` })).toEqual([
      `${path}.none there is no such configuration file; name one with --config or MOORAGE_CONFIG`,
    ]);
  });

  it.each([
    ['true', true],
    ['1', true],
    ['FALSE', false],
    ['off', false],
  ])('reads %s of the environment as %s', async (text, value) => {
    const environment = { MOORAGE_SERVER_READ_ONLY: text };
    expect((await loadSettings({ flags: [], environment, file: undefined })).server.readOnly).toBe(value);
  });

  it('shows all problems of all sources at once, with their places', async () => {
    const path = await file(
      'server:\n  listen: here:there\n  lissten: 1\nmanifests:\n  maxSize: 1MiB\nuploads:\n  expireAfter: 24\nlog:\n  level: loud\n  requests: [1]\n',
    );
    const problems = await problemsOf({
      flags: [{ path: 'server.listen', value: '1:2:3', origin: '--listen' }],
      environment: { MOORAGE_SERVER_READ_ONLY: 'perhaps', MOORAGE_LOGLEVEL: 'x', MOORAGE_SERVER_WARNING: 'a\nb' },
      file: path,
    });
    const address = 'is not an address; write HOST:PORT, e.g. 127.0.0.1:5000, [::1]:5000 or :5000';
    expect(problems).toEqual([
      `${path}:3:3 "server.lissten" is not a setting; did you mean server.listen?`,
      'MOORAGE_LOGLEVEL is not a setting of moorage; did you mean MOORAGE_LOG_LEVEL?',
      `${path}:2:11 server.listen: "here:there" ${address}`,
      `${path}:5:12 manifests.maxSize: "1MiB" is below 4MiB, which registries must accept`,
      `${path}:7:16 uploads.expireAfter: 24 is not a duration; write a number and a unit, e.g. 30s, 15m, 24h or 7d`,
      `${path}:9:10 log.level: "loud" is not one of error, warn, info, debug`,
      `${path}:10:13 log.requests: [1] is neither true nor false`,
      'MOORAGE_SERVER_READ_ONLY server.readOnly: "perhaps" is neither true nor false',
      'MOORAGE_SERVER_WARNING server.warning: "a\\nb" is one line of at most 4000 printable ASCII characters',
      `--listen server.listen: "1:2:3" ${address}`,
    ]);
  });

  it('says how many problems there are, one a line, and a single one in one line', async () => {
    const one = loadSettings({ flags: [], environment: { MOORAGE_LOG_LEVEL: 'x' }, file: undefined });
    await expect(one).rejects.toThrow(/^MOORAGE_LOG_LEVEL: log\.level: "x" is not one of [a-z, ]+$/);
    const two = loadSettings({
      flags: [],
      environment: { MOORAGE_LOG_LEVEL: 'x', MOORAGE_X: '1' },
      file: undefined,
    });
    await expect(two).rejects.toThrow(
      /^2 problems in the configuration:\n {2}MOORAGE_X: .*\n {2}MOORAGE_LOG_LEVEL: .*$/,
    );
  });
});
