// Tokens on real processes: kept keys, shared by all servers of a root, and users who are gone.
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { type MoorageProcess, runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const args = ['serve', '--root', 'root', '--listen', '127.0.0.1:0'];
const environment = { MOORAGE_AUTH_HTPASSWD: 'users' };

/** A directory with `users`, ann and bert. */
async function withUsers(): Promise<string> {
  const directory = await scratchDirectory();
  const lines = ['ann', 'bert'].map((name) => `${name}:${bcrypt.hashSync('secret', 4)}\n`);
  await writeFile(join(directory, 'users'), lines.join(''));
  return directory;
}

async function started(directory: string, more: readonly string[] = []) {
  const moorage = await startMoorage([...args, ...more], { directory, environment });
  return { moorage, url: (await moorage.ready()).url };
}

async function tokenOf(url: string, name: string): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${name}:secret`).toString('base64')}`;
  const answer = await fetch(`${url}/token?scope=repository:a:pull`, { headers: { authorization } });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { token: string }).token;
}

async function statusOf(url: string, token: string): Promise<number> {
  const answer = await fetch(`${url}/v2/`, { headers: { authorization: `Bearer ${token}` } });
  await answer.arrayBuffer();
  return answer.status;
}

async function untilStatus(url: string, token: string, status: number): Promise<void> {
  while ((await statusOf(url, token)) !== status);
}

async function ended(moorage: MoorageProcess): Promise<void> {
  moorage.signal('SIGTERM');
  await moorage.exited;
}

describe('tokens', () => {
  it('are taken by every server of the root, and after a restart', { timeout: 600_000 }, async () => {
    const directory = await withUsers();
    const [one, other] = await Promise.all([started(directory), started(directory)]);
    const token = await tokenOf(one.url, 'ann');
    await untilStatus(other.url, token, 200);
    await ended(one.moorage);
    await ended(other.moorage);
    const again = await started(directory);
    expect(await statusOf(again.url, token)).toBe(200);
    const keys = join(directory, 'root/.moorage/keys');
    expect((await stat(keys)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(keys)) {
      expect((await stat(join(keys, name))).mode & 0o777).toBe(0o600);
      const { k } = JSON.parse(await readFile(join(keys, name), 'utf8')) as { k: string };
      expect(again.moorage.stdout + again.moorage.stderr).not.toContain(k);
    }
    expect(again.moorage.stderr).not.toContain(token);
    expect(again.moorage.stdout).not.toContain('no authentication');
  });

  it('end with their user on every server, and those of others do not', { timeout: 600_000 }, async () => {
    const directory = await withUsers();
    const servers = await Promise.all([started(directory), started(directory)]);
    const [ann, bert] = [await tokenOf(servers[0].url, 'ann'), await tokenOf(servers[0].url, 'bert')];
    for (const { url } of servers) for (const token of [ann, bert]) await untilStatus(url, token, 200);
    const lines = (await readFile(join(directory, 'users'), 'utf8')).split('\n');
    await writeFile(join(directory, 'users'), lines.filter((line) => !line.startsWith('ann:')).join('\n'));
    for (const { url } of servers) {
      await untilStatus(url, ann, 401);
      expect(await statusOf(url, bert)).toBe(200);
    }
  });

  it('are signed with a key in memory where the root is only read', { timeout: 600_000 }, async () => {
    const directory = await withUsers();
    await ended((await started(directory)).moorage);
    const before = await readdir(join(directory, 'root/.moorage/keys'));
    const { url } = await started(directory, ['--read-only']);
    expect(await statusOf(url, await tokenOf(url, 'ann'))).toBe(200);
    expect(await readdir(join(directory, 'root/.moorage/keys'))).toEqual(before);
  });

  it('need a key that nobody else could have read: else one line, and no start', { timeout: 600_000 }, async () => {
    const directory = await withUsers();
    await ended((await started(directory)).moorage);
    const keys = join(directory, 'root/.moorage/keys');
    const [kid = ''] = await readdir(keys);
    const { k } = JSON.parse(await readFile(join(keys, kid), 'utf8')) as { k: string };
    await chmod(join(keys, kid), 0o644);
    const tooOpen = await runMoorage(args, { directory, environment });
    expect(tooOpen.code).toBe(1);
    expect(tooOpen.stderr).toMatch(
      /^moorage: \S+\/keys\/\w+ can be read or written by others \(mode 0644\): delete it[^\n]*\n$/,
    );
    await chmod(join(keys, kid), 0o600);
    await writeFile(join(keys, kid), k);
    const damaged = await runMoorage(args, { directory, environment });
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toMatch(/^moorage: \S+\/keys\/\w+ is damaged: delete it, [^\n]*\n$/);
    expect(tooOpen.stderr + damaged.stderr).not.toContain(k);
  });

  it('leave no trace where nobody is asked who they are', async () => {
    const directory = await scratchDirectory();
    const moorage = await startMoorage(args, { directory });
    await moorage.ready();
    expect(await readdir(join(directory, 'root/.moorage'))).not.toContain('keys');
  });
});
