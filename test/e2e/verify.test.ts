// `moorage verify` as a user runs it: exit codes, JSON, what is said of wrong command lines, and a repair that is killed and run again.
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blobPath, blobsOf, entryOf, writeStranger } from '../hostile/stranger.ts';
import { blobOf, imageManifest } from '../support/content.ts';
import { pushedRoot } from '../support/verified.ts';
import { programIsPublic, runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const layers = Array.from({ length: 30 }, (_, at) => blobOf(`layer ${at} `.repeat(100_000)));
const image = imageManifest({ layers });
const [first = image] = layers;

async function machine() {
  const directory = await scratchDirectory();
  const root = await pushedRoot(image);
  const good = join(directory, 'good');
  await mkdir(good);
  writeStranger(good, { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
  const started = { directory, environment: { XDG_CACHE_HOME: join(directory, 'cache') } };
  const moorage = (...args: string[]) => runMoorage(args, started);
  const file = (digest: typeof first.digest) => blobPath(join(root, 'team/app'), digest);
  return { directory, root, good, moorage, file, started };
}

describe('moorage verify', () => {
  it('exits with 0 where all is well, 1 where something is wrong, and 0 again once it was mended', async () => {
    const { root, good, moorage, file } = await machine();
    const whole = await moorage('verify', '--root', root);
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    expect(whole.stdout).toMatch(/^verified 32 files \([\d.]+ MB\) in 1 layout: 0 errors, 0 warnings, 0 notes\n$/);
    writeFileSync(file(first.digest), 'rotten');
    const damaged = await moorage('verify', 'team/app', '--root', root, '--json');
    expect(damaged.code).toBe(1);
    expect(JSON.parse(damaged.stdout)).toMatchObject({
      source: 'team/app',
      layouts: [{ kind: 'layout', name: 'team/app', findings: [{ code: 'wrong-size' }, { code: 'wrong-digest' }] }],
      repairs: [],
      verified: { files: 32 },
      summary: { errors: 2, warnings: 0, notes: 0 },
    });
    // A path inside of the registry's directory is a part of it, with its pool and its journal.
    const mended = await moorage('verify', join(root, 'team/app'), '--repair', '--from', good);
    expect(mended).toMatchObject({ code: 0, stderr: '' });
    expect(mended.stdout).toMatch(
      /^mended {2}team\/app\/blobs\/sha256\/\w+ {2}\(from .*good.*\)\nmended {2}\.moorage\/pool/,
    );
    expect((await moorage('verify', '--repair', '--root', root)).code).toBe(0);
    expect((await moorage('verify', 'team/app:v1', good, '--root', root)).code).toBe(0);
  });

  it('says what is wrong with the command line, and what is not there', async () => {
    const { root, good, moorage } = await machine();
    const said = async (...args: string[]) => {
      const { code, stdout, stderr } = await moorage('verify', ...args);
      expect(stdout).toBe('');
      return `${code} ${stderr}`;
    };
    expect(await said('--bogus')).toMatch(/^2 moorage: unknown option/);
    expect(await said('--from', good)).toMatch(/^2 moorage: --from is where --repair looks/);
    expect(await said('--repair', '--shared-blobs', good, good)).toMatch(/^2 moorage: --repair changes single layouts/);
    expect(await said('localhost:5000/team/app')).toMatch(/^2 moorage: .* is a registry: verify reads files/);
    expect(await said('./nowhere')).toMatch(/^1 moorage: there is no layout, archive or directory of layouts at /);
    expect(await said('nobody/app', '--root', root)).toMatch(/^1 moorage: there is no repository "nobody\/app" in /);
    expect(await said('team/app:v9', '--root', root)).toMatch(/^1 moorage: there is no tag "v9" in team\/app/);
    const from = (source: string) => said('--repair', '--from', source, '--root', root);
    expect(await from('nobody/app')).toMatch(/^1 moorage: there is no repository nobody\/app in /);
    const empty = await scratchDirectory();
    expect(await from(empty)).toMatch(/^1 moorage: there is no image in /);
    expect(await said('--root', join(root, 'nothing'))).toMatch(/^1 moorage: there is no .*nothing here; name what/);
  });

  it('beside a running server: what it finds damaged is refused within seconds, what it mends is served', async () => {
    const { root, good, moorage, file, started } = await machine();
    const server = await startMoorage(['serve', '--root', root, '--listen', '127.0.0.1:0'], started);
    const { url } = await server.ready();
    const status = async () => (await fetch(`${url}/v2/team/app/blobs/${first.digest}`, { method: 'HEAD' })).status;
    expect(await status()).toBe(200);
    truncateSync(file(first.digest), 10);
    expect((await moorage('verify', '--root', root)).code).toBe(1);
    await expect.poll(status, { timeout: 60_000 }).toBe(404);
    await expect
      .poll(async () => (await fetch(`${url}/readyz`)).text(), { timeout: 60_000 })
      .toMatch(/^ok\na damaged file is not served: /);
    expect((await moorage('verify', '--repair', '--from', good, '--root', root)).code).toBe(0);
    expect(await status()).toBe(200);
    expect(await (await fetch(`${url}/readyz`)).text()).toBe('ok\n');
  });

  it.skipIf(process.getuid?.() !== 0 || !programIsPublic())(
    'as a user who may not read a file: it is told, and replaced by a copy',
    async () => {
      const { directory, root, good, file, started } = await machine();
      execFileSync('chown', ['-R', '12345:12345', root, directory]);
      for (const path of [root, directory]) chmodSync(path, 0o755);
      const { ino } = statSync(file(first.digest));
      execFileSync('chown', ['0:0', file(first.digest)]);
      chmodSync(file(first.digest), 0o600);
      const run = async (...args: string[]) => {
        const { exited } = await startMoorage(['verify', '--root', root, ...args], { ...started, userId: 12_345 });
        return exited;
      };
      const told = await run('--json');
      expect(told.code).toBe(1);
      const { layouts } = JSON.parse(told.stdout) as { layouts: { findings: { code: string }[] }[] };
      const codes = new Set(layouts.flatMap(({ findings }) => findings.map(({ code }) => code)));
      expect(codes).toEqual(new Set(['unreadable-file', 'unreadable-by-server']));
      expect((await run('--repair')).stdout).toContain('it cannot be read, and nobody has a good copy');
      expect(statSync(file(first.digest)).ino).toBe(ino);
      expect((await run('--repair', '--from', good)).code).toBe(0);
      expect(statSync(file(first.digest)).uid).toBe(12_345);
    },
  );

  it('is killed in the middle of a repair, and goes on when it is run again', async () => {
    const { root, good, moorage, file, started } = await machine();
    for (const { digest } of layers) {
      truncateSync(file(digest), 10);
    }
    const inodes = new Map(layers.map(({ digest }) => [digest, statSync(file(digest)).ino]));
    const mended = () => layers.filter(({ digest }) => statSync(file(digest)).ino !== inodes.get(digest)).length;
    const repair = await startMoorage(['verify', '--repair', '--from', good, '--root', root], started);
    await expect.poll(mended, { timeout: 60_000, interval: 1 }).toBeGreaterThan(0);
    repair.signal('SIGKILL');
    await repair.exited;
    const again = await moorage('verify', '--repair', '--from', good, '--root', root);
    expect(again.code).toBe(0);
    expect(mended()).toBe(layers.length);
    // What the killed one had begun is an upload that nobody goes on with, as after any crash; a server clears it away in time.
    for (const left of readdirSync(join(root, '.moorage/uploads')))
      rmSync(join(root, '.moorage/uploads', left), { recursive: true });
    expect((await moorage('verify', '--root', root)).stdout).toMatch(/: 0 errors, 0 warnings, 0 notes\n$/);
  });
});
