// Users on real processes: the commands that keep their file, and servers that read it while they run.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMoorage, runShell, scratchDirectory, startMoorage } from './moorage-process.ts';

const oneLine = /^moorage: [^\n]+\n$/;

async function addUser(directory: string, name: string, password: string, file = 'users') {
  const added = await runShell(
    `printf '%s\\n' "$PASSWORD" | moorage user add ${name} --password-stdin --file ${file}`,
    {
      directory,
      environment: { PASSWORD: password },
    },
  );
  expect(added).toMatchObject({ code: 0 });
  return added;
}

function statusOf(url: string, credentials: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return fetch(`${url}/v2/_catalog`, { headers: { authorization } }).then(async (answer) => {
    await answer.arrayBuffer();
    return answer.status;
  });
}

async function untilStatus(url: string, credentials: string, status: number): Promise<void> {
  while ((await statusOf(url, credentials)) !== status);
}

describe('moorage user', () => {
  it('adds, changes, lists and removes users; the password is shown nowhere', { timeout: 600_000 }, async () => {
    const directory = await scratchDirectory();
    const added = await addUser(directory, 'anna', 'secret-1');
    expect(added.stdout).toBe('added anna to users\n');
    expect((await stat(join(directory, 'users'))).mode & 0o777).toBe(0o600);
    expect((await addUser(directory, 'anna', 'secret-2')).stdout).toBe('changed the password of anna in users\n');
    await addUser(directory, 'bert', 'secret-3');
    const environment = { MOORAGE_AUTH_HTPASSWD: 'users', MOORAGE_AUTH_GROUPS: '{"team":["bert"]}' };
    const listed = await runMoorage(['user', 'list', '--json'], { directory, environment });
    expect(JSON.parse(listed.stdout)).toEqual({
      file: 'users',
      users: [
        { name: 'anna', groups: [] },
        { name: 'bert', groups: ['team'] },
      ],
    });
    expect(JSON.stringify([added, listed])).not.toMatch(/secret|\$2/);
    expect(await runMoorage(['user', 'remove', 'anna'], { directory, environment })).toMatchObject({ code: 0 });
    expect(await runMoorage(['user', 'remove', 'anna'], { directory, environment })).toMatchObject({
      code: 1,
      stderr: 'moorage: there is no user anna in users\n',
    });
    expect(await readFile(join(directory, 'users'), 'utf8')).toMatch(/^bert:\$2y\$10\$\S{53}\n$/);
  });

  it('loses nothing when several are added at once', { timeout: 600_000 }, async () => {
    const directory = await scratchDirectory();
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => addUser(directory, name, 'secret')));
    const { stdout } = await runMoorage(['user', 'list', '--file', 'users'], { directory });
    expect(
      stdout
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(' ')[0])
        .toSorted(),
    ).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    ['add anna --file users < /dev/null', 1, 'there is no terminal to ask for the password'],
    ['add anna < /dev/null', 2, '--file: is missing, and auth.htpasswd (MOORAGE_AUTH_HTPASSWD) is not set'],
    ["add 'a:b' --file users < /dev/null", 2, 'NAME: "a:b" holds a colon'],
    ['add anonymous --file users < /dev/null', 2, 'NAME: "anonymous" means somebody else in rules'],
    ['add anna --file users --password-stdin < /dev/null', 1, 'the password is empty'],
    [
      'add anna --file users --password-stdin <<< "$LONG"',
      1,
      'the password has 73 bytes; bcrypt reads no more than 72',
    ],
    ['add anna --file users --password-stdin <<< "$LINES_TWO"', 1, 'standard input has more than one line'],
    [
      'add anna --file none/users --password-stdin <<< secret',
      1,
      'cannot write none/users: there is no directory none',
    ],
    ['list --file none', 1, 'none: there is no such file'],
    ['list --file md5', 1, 'md5, line 1: the password of "anna" is an MD5 hash; only bcrypt is taken'],
    ['ad anna', 2, 'user is followed by add, remove, list, and not by "ad"'],
  ])('%s is answered with one line', { timeout: 600_000 }, async (words, code, text) => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'md5'), 'anna:$apr1$SECRET\n');
    const environment = { LONG: 'x'.repeat(73), LINES_TWO: 'secret\nsecret' };
    const exit = await runShell(`moorage user ${words}`, { directory, environment });
    expect(exit.stderr).toMatch(oneLine);
    expect(exit.stderr).toContain(text);
    expect(exit.stderr).not.toContain('SECRET');
    expect(exit).toMatchObject({ code, stdout: '' });
  });

  it('mends the line that it is about, and says which others keep servers from the file', async () => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'users'), '# ours\nanna:$apr1$x\nbert:plain\n');
    const { stderr } = await addUser(directory, 'anna', 'secret');
    expect(stderr).toContain('no server takes the file before this is mended: users, line 3: the password of "bert"');
    expect(await readFile(join(directory, 'users'), 'utf8')).toMatch(/^# ours\nanna:\$2y\$10\$\S{53}\nbert:plain\n$/);
  });
});

describe('servers with users', () => {
  it('refuse to start when the file is broken or not there, and leave nothing behind', {
    timeout: 600_000,
  }, async () => {
    const directory = await scratchDirectory();
    const environment = { MOORAGE_AUTH_HTPASSWD: 'users' };
    const args = ['serve', '--root', 'registry', '--port', '0'];
    expect(await runMoorage(args, { directory, environment })).toMatchObject({
      code: 2,
      stderr: 'moorage: auth.htpasswd: users: there is no such file; "moorage user add NAME" makes it\n',
    });
    await writeFile(join(directory, 'users'), '# ours\nanna:{SHA}SECRET\n');
    expect(await runMoorage(args, { directory, environment })).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'moorage: auth.htpasswd: users, line 2: the password of "anna" is a SHA hash; only bcrypt is taken: moorage user add anna\n',
    });
    await expect(stat(join(directory, 'registry'))).rejects.toThrow('ENOENT');
  });

  it('let nobody else in, take changes while they run, and fail nobody else by it', { timeout: 600_000 }, async () => {
    const directory = await scratchDirectory();
    for (const name of ['anna', 'bert']) await addUser(directory, name, 'secret');
    const environment = { MOORAGE_AUTH_HTPASSWD: 'users' };
    const args = ['serve', '--root', 'registry', '--port', '0'];
    // Two servers of one root are in changes-under-load.test.ts.
    const servers = [await startMoorage(args, { directory, environment })];
    const urls = (await Promise.all(servers.map((server) => server.ready()))).map(({ url }) => url);
    for (const url of urls) {
      expect(await fetch(`${url}/v2/`).then(({ status }) => status)).toBe(401);
      expect(await statusOf(url, 'anna:secret')).toBe(200);
      expect(await statusOf(url, 'bert:secret')).toBe(200);
      expect(await statusOf(url, 'anna:Secret')).toBe(401);
      expect(await statusOf(url, 'cora:secret')).toBe(401);
    }
    let isDone = false;
    const statuses = new Set<number>();
    const others = urls.map(async (url) => {
      while (!isDone) statuses.add(await statusOf(url, 'bert:secret'));
    });

    await addUser(directory, 'anna', 'changed');
    for (const url of urls) {
      await untilStatus(url, 'anna:secret', 401);
      await untilStatus(url, 'anna:changed', 200);
    }
    await runMoorage(['user', 'remove', 'anna', '--file', 'users'], { directory });
    for (const url of urls) await untilStatus(url, 'anna:changed', 401);
    // An editor that is killed, or a mistake: whoever was in stays in, and nobody else comes.
    await writeFile(join(directory, 'users'), 'anna:changed\n');
    for (const server of servers) await server.says(/users stay as they were/);
    for (const url of urls) expect(await statusOf(url, 'anna:changed')).toBe(401);
    isDone = true;
    await Promise.all(others);
    expect([...statuses]).toEqual([200]);
    for (const { stdout, stderr } of servers) expect(stdout + stderr).not.toMatch(/secret|anna:|\$2y/);
  });
});
