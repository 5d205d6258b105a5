// The audit on real processes: a file that is rotated, a pipe that nobody reads, and secrets that are nowhere.
import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { hashSync } from 'bcryptjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

interface Line {
  readonly time: string;
  readonly user?: string;
  readonly outcome: string;
  readonly rule: string;
}

const args = ['serve', '--root', 'registry', '--port', '0'];

async function siteWithAnna(): Promise<string> {
  const directory = await scratchDirectory();
  await writeFile(join(directory, 'users'), `anna:${hashSync('PLANTED-password', 4)}\n`);
  return directory;
}

const environment = { MOORAGE_AUTH_HTPASSWD: 'users', MOORAGE_AUDIT_FILE: 'audit.jsonl' };

function ask(url: string, credentials: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return fetch(`${url}/v2/_catalog`, { headers: { authorization } }).then(async (answer) => {
    await answer.arrayBuffer();
    return answer.status;
  });
}

async function linesOf(path: string): Promise<readonly Line[]> {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

describe('the audit', () => {
  it('is a file of our own, goes on when it is rotated, and holds no secret', { timeout: 600_000 }, async () => {
    const directory = await siteWithAnna();
    const server = await startMoorage(args, { directory, environment });
    const { url } = await server.ready();
    expect(await ask(url, 'anna:PLANTED-password')).toBe(200);
    expect(await ask(url, 'anna:PLANTED-wrong')).toBe(401);
    const path = join(directory, 'audit.jsonl');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await rename(path, `${path}.1`);
    while (
      !(await stat(path).then(
        () => true,
        () => false,
      ))
    )
      await ask(url, 'anna:PLANTED-password');
    server.signal('SIGTERM');
    const { stdout, stderr } = await server.exited;
    const lines = [...(await linesOf(`${path}.1`)), ...(await linesOf(path))];
    expect(lines.slice(0, 2)).toMatchObject([
      { user: 'anna', kind: 'user', action: 'catalog', outcome: 'allowed' },
      { user: 'anna', kind: 'user', action: 'catalog', outcome: 'refused', rule: 'wrong password' },
    ]);
    const times = lines.map(({ time }) => time);
    expect(times).toEqual(times.toSorted());
    const said = [JSON.stringify(lines), stdout, stderr].join();
    expect(said).not.toContain('PLANTED');
    expect(said).not.toContain(Buffer.from('anna:PLANTED-password').toString('base64').slice(0, 20));
  });

  it('that is required refuses while nobody reads the pipe, and goes on with a reader', {
    timeout: 600_000,
  }, async () => {
    const directory = await siteWithAnna();
    execFileSync('mkfifo', [join(directory, 'audit.jsonl')]);
    const required = { ...environment, MOORAGE_AUDIT_REQUIRED: 'true' };
    const server = await startMoorage(args, { directory, environment: required });
    const { url } = await server.ready();
    expect(await ask(url, 'anna:PLANTED-password')).toBe(503);
    expect(await fetch(`${url}/livez`).then(({ status }) => status)).toBe(200);
    const read: string[] = [];
    const stream = createReadStream(join(directory, 'audit.jsonl'));
    onTestFinished(() => void stream.destroy());
    createInterface(stream).on('line', (line) => read.push(line));
    while ((await ask(url, 'anna:PLANTED-password')) !== 200);
    while (read.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(JSON.parse(read.at(-1) ?? '')).toMatchObject({ user: 'anna', outcome: 'allowed' });
    server.signal('SIGTERM');
    const { code, stderr } = await server.exited;
    expect(code).toBe(0);
    expect(stderr).toContain('lines cannot be written');
    expect(stderr).toContain('lines are written again');
  });

  it('may be in the log', { timeout: 600_000 }, async () => {
    const directory = await siteWithAnna();
    const server = await startMoorage(args, { directory, environment: { ...environment, MOORAGE_AUDIT_FILE: 'log' } });
    const { url } = await server.ready();
    await ask(url, 'anna:PLANTED-password');
    await server.says(/"user":"anna".*"outcome":"allowed".*"msg":"audit"/);
  });

  it.each([
    [{ MOORAGE_AUDIT_REQUIRED: 'true' }, 'audit.required: needs audit.file'],
    [{ MOORAGE_AUDIT_REQUIRED: 'true', MOORAGE_AUDIT_FILE: 'log' }, 'audit.required: needs audit.file'],
    [{ MOORAGE_AUDIT_FILE: 'log', MOORAGE_LOG_LEVEL: 'warn' }, 'audit.file: log needs log.level info, and not warn'],
    [{ MOORAGE_AUDIT_FILE: 'none/audit' }, 'audit.file: cannot write none/audit: there is no directory none'],
    [{ MOORAGE_AUDIT_FILE: '.' }, 'audit.file: cannot write .'],
  ])('%j is a wrong configuration', async (wrong, text) => {
    const directory = await scratchDirectory();
    const exit = await runMoorage(args, { directory, environment: wrong });
    expect(exit).toMatchObject({ code: 2, stdout: '' });
    expect(exit.stderr).toMatch(/^moorage: [^\n]+\n$/);
    expect(exit.stderr).toContain(text);
    await expect(stat(join(directory, 'registry'))).rejects.toThrow('ENOENT');
  });
});
