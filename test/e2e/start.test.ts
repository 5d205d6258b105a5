// Starting: the banner, a free port, and why it cannot start.
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { programIsPublic, runMoorage, type StartOptions, scratchDirectory, startMoorage } from './moorage-process.ts';

const asRoot = process.getuid?.() === 0;

describe('moorage', () => {
  it('picks a free port, and prints address, directory and commands on standard output alone', async () => {
    const moorage = await startMoorage(['--listen', '127.0.0.1:0']);
    const { url, port } = await moorage.ready();
    expect(port).toBeGreaterThan(0);
    expect(moorage.stdout).toContain(join(moorage.directory, 'registry'));
    expect(moorage.stdout).toContain(`docker push localhost:${port}/team/app:v1`);
    expect((await fetch(`${url}/v2/`)).status).toBe(200);
    expect(moorage.stdout).not.toContain('"level"');
  });

  it('serves with the command named and without it', async () => {
    for (const args of [
      ['serve', '--ephemeral', '--listen', '0'],
      ['--ephemeral', '--listen', '0'],
    ]) {
      const moorage = await startMoorage(args);
      const { url } = await moorage.ready();
      expect((await fetch(`${url}/v2/`)).status).toBe(200);
    }
  });

  it('takes flags over the environment over the file', async () => {
    const directory = await scratchDirectory();
    await writeFile(
      join(directory, 'm.yaml'),
      'storage:\n  root: by-file\nserver:\n  listen: 127.0.0.1:1\n  readOnly: true\n',
    );
    const moorage = await startMoorage(['--root', 'by-flag'], {
      directory,
      environment: {
        MOORAGE_CONFIG: 'm.yaml',
        MOORAGE_STORAGE_ROOT: 'by-environment',
        MOORAGE_SERVER_LISTEN: '0',
        MOORAGE_SERVER_READ_ONLY: 'no',
      },
    });
    const { url } = await moorage.ready();
    expect(moorage.stdout).toContain(join(directory, 'by-flag '));
    expect((await fetch(`${url}/v2/a/blobs/uploads/`, { method: 'POST' })).status).toBe(202);
    expect(await readdir(directory)).toEqual(['by-flag', 'm.yaml']);
  });

  it('takes the port alone, and where it listens from elsewhere', async () => {
    const environment = { MOORAGE_SERVER_LISTEN: '127.0.0.2:1' };
    const moorage = await startMoorage(['--ephemeral', '--port', '0'], { environment });
    const { url, port } = await moorage.ready();
    expect(url).toBe(`http://127.0.0.2:${port}`);
    expect(port).toBeGreaterThan(1);
  });

  it('listens on IPv6', async () => {
    const moorage = await startMoorage(['--ephemeral', '--listen', '[::1]:0']);
    const { url, port } = await moorage.ready();
    expect(url).toBe(`http://[::1]:${port}`);
    expect((await fetch(`${url}/v2/`)).status).toBe(200);
  });

  it('listens on IPv4 and IPv6 where it is told to listen on every interface, and on IPv4 alone when that is named', async () => {
    const everywhere = await (await startMoorage(['--ephemeral', '--listen', ':0'])).ready();
    for (const host of ['127.0.0.1', '[::1]']) {
      expect((await fetch(`http://${host}:${everywhere.port}/v2/`)).status).toBe(200);
    }
    const { port } = await (await startMoorage(['--ephemeral', '--listen', '0.0.0.0:0'])).ready();
    expect((await fetch(`http://127.0.0.1:${port}/v2/`)).status).toBe(200);
    await expect(fetch(`http://[::1]:${port}/v2/`)).rejects.toThrow();
  });

  it('says loudly, in banner and log, that it listens beyond this machine', async () => {
    const moorage = await startMoorage(['--ephemeral', '--listen', ':0']);
    const { url, port } = await moorage.ready();
    expect(url).toBe(`http://localhost:${port}`);
    expect(moorage.stdout).toContain('!! WARNING: this registry listens beyond this machine (every interface)');
    await moorage.says(/"level":"warn".*listening beyond this machine without authentication/);
  });

  it('refuses pushes and deletes when read-only, and writes nothing', async () => {
    const directory = await scratchDirectory();
    await mkdir(join(directory, 'registry'));
    const moorage = await startMoorage(['--read-only', '--listen', '0'], { directory });
    const { url } = await moorage.ready();
    const push = await fetch(`${url}/v2/a/blobs/uploads/`, { method: 'POST' });
    expect([push.status, await push.json()]).toMatchObject([403, { errors: [{ code: 'DENIED' }] }]);
    const removal = await fetch(`${url}/v2/a/manifests/v1`, { method: 'DELETE' });
    expect([removal.status, await removal.json()]).toMatchObject([405, { errors: [{ code: 'UNSUPPORTED' }] }]);
    expect(await readdir(join(directory, 'registry'))).toEqual([]);
  });
});

describe('what keeps it from starting is one line and exit code 1:', () => {
  async function refusal(args: readonly string[], options: StartOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await runMoorage(args, options);
    expect(stderr).toMatch(/^moorage: [^\n]+\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(1);
    return stderr;
  }

  it('a used port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const said = await refusal(['--ephemeral', '--listen', `127.0.0.1:${port}`]);
    expect(said).toContain(`cannot listen on 127.0.0.1:${port}: another program uses this port`);
    expect(said).toContain('--listen 127.0.0.1:');
  });

  it('an address of another machine', async () => {
    expect(await refusal(['--ephemeral', '--listen', '192.0.2.1:5000'])).toContain('this machine has no such address');
  });

  it('a root that is a file, or below one', async () => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'file'), '');
    for (const root of ['file', 'file/below']) {
      expect(await refusal(['--root', root, '--listen', '0'], { directory })).toContain(
        `cannot store in ${join(directory, root)}: it, or a part of its path, is not a directory; choose another one with --root`,
      );
    }
  });

  it.skipIf(asRoot && !programIsPublic())('a directory that cannot be written', async () => {
    const directory = await scratchDirectory();
    await mkdir(join(directory, 'registry'));
    await mkdir(join(directory, 'locked'));
    await chmod(join(directory, 'registry'), 0o555);
    await chmod(join(directory, 'locked'), 0o000);
    onTestFinished(() => chmod(join(directory, 'locked'), 0o700));
    // Root may write everywhere: then the program runs as somebody else, who must be able to read it.
    const options = asRoot ? { directory, userId: await somebody(directory) } : { directory };
    for (const root of ['registry', 'registry/below', 'locked', 'locked/below']) {
      expect(await refusal(['--root', root, '--listen', '0'], options)).toContain(
        `cannot store in ${join(directory, root)}: permission denied; change its owner or mode, choose another one with --root DIR`,
      );
    }
  });

  it('a directory that not even root can make', async () => {
    expect(await refusal(['--root', '/proc/moorage', '--listen', '0'])).toMatch(
      /cannot store in \/proc\/moorage: it does not exist and cannot be created there; .*--root DIR/,
    );
  });

  it('a missing directory that is to be served read-only', async () => {
    expect(await refusal(['--read-only', '--listen', '0'])).toMatch(/cannot store in .*registry: it does not exist/);
  });
});

async function somebody(directory: string): Promise<number> {
  await chmod(directory, 0o755);
  return 65_534;
}
