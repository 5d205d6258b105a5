// Several processes as one server: one banner, one log, one port, signals that mean all, and workers that are replaced.
import { once } from 'node:events';
import { mkdir, readdir, rename, rmdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blobOf } from '../support/content.ts';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';
import { connectionsOf, isRunning, startWorkers, statusOf, until, workersOf } from './worker-processes.ts';

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');
const blob = blobOf('a blob');
const onLinux = process.platform === 'linux';

/** Opens connections that end with the test. */
function connector(port: number): () => Socket {
  const sockets: Socket[] = [];
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  return () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    return socket;
  };
}

/** The environment in which each process of the server runs that first. */
async function preloading(code: string): Promise<Readonly<Record<string, string>>> {
  const file = join(await scratchDirectory(), 'first.cjs');
  await writeFile(file, code);
  return { NODE_OPTIONS: `--require=${file}` };
}

describe.runIf(onLinux)('several workers', () => {
  it('have one banner and one line that says that the server listens', async () => {
    const { moorage, ready } = await startWorkers(3);
    await Promise.all(Array.from({ length: 12 }, () => statusOf(`${ready.url}/v2/`)));
    moorage.signal('SIGTERM');
    await moorage.exited;
    expect(moorage.stdout.match(/stop with Ctrl-C/g)).toHaveLength(1);
    const listening = linesOf(moorage.stderr).filter((line) => line.includes('"listening"'));
    expect(listening).toHaveLength(1);
    expect(JSON.parse(listening[0] ?? '')).toMatchObject({ port: ready.port, workers: 3 });
  });

  it('share connections, and write one log of whole lines', async () => {
    const { moorage, ready } = await startWorkers(2);
    const agent = `tester/${'x'.repeat(6_000)}`;
    const asked = Array.from({ length: 400 }, (_, at) =>
      fetch(`${ready.url}/v2/team/app${at}/tags/list`, { headers: { 'user-agent': agent, connection: 'close' } }),
    );
    for (const response of await Promise.all(asked)) expect(response.status).toBe(404);
    moorage.signal('SIGTERM');
    const { stderr } = await moorage.exited;
    const lines = linesOf(stderr).map((line) => JSON.parse(line) as { readonly msg: string });
    expect(lines.filter(({ msg }) => msg === 'request')).toHaveLength(400);
    expect(lines.filter(({ msg }) => msg === 'stopped')).toHaveLength(1);
  });

  it.each([2, 4, 64])('have as many each of %i connections that come at once and stay', async (count) => {
    const { moorage, ready } = await startWorkers(2);
    const workers = await workersOf(moorage);
    const open = connector(ready.port);
    for (let at = 0; at < count; at += 1) open();
    const counts = async () => (await connectionsOf(workers, ready.port)).map((ports) => ports.length);
    await until(async () => (await counts()).reduce((sum, each) => sum + each, 0) === count);
    expect(await counts()).toEqual([count / 2, count / 2]);
  });

  it('give new connections to the one whose connections have ended', async () => {
    const { moorage, ready } = await startWorkers(2);
    const workers = await workersOf(moorage);
    const open = connector(ready.port);
    const portsOfFirst = async () => (await connectionsOf(workers, ready.port))[0] ?? [];
    const sockets = Array.from({ length: 40 }, open);
    await until(async () => (await portsOfFirst()).length === 20);
    const ended = await portsOfFirst();
    for (const socket of sockets) if (ended.includes(socket.localPort ?? 0)) socket.destroy();
    await until(async () => (await portsOfFirst()).length === 0);
    // In turn they would come to it every second time.
    let inARow = 0;
    while (inARow < 3) {
      const socket = open();
      socket.write('GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'data');
      inARow = (await portsOfFirst()).includes(socket.localPort ?? 0) ? inARow + 1 : 0;
    }
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('all end with the first %s, exit code 0', async (signal) => {
    const { moorage } = await startWorkers(2);
    const workers = await workersOf(moorage);
    // As a terminal does it, or a service manager: every process of the server gets it.
    for (const pid of workers) process.kill(pid, signal);
    moorage.signal(signal);
    expect(await moorage.exited).toMatchObject({ code: 0, signal: null });
    expect(workers.some(isRunning)).toBe(false);
    expect(moorage.stderr.match(/"msg":"stopping/g)).toHaveLength(1);
  });

  it('end at once with the second signal', async () => {
    const { moorage, ready } = await startWorkers(2);
    const workers = await workersOf(moorage);
    const upload = await fetch(`${ready.url}/v2/a/blobs/uploads/`, { method: 'POST' });
    const location = upload.headers.get('location') ?? '';
    const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
    const running = fetch(`${ready.url}${location}`, { method: 'PATCH', body, duplex: 'half' } as RequestInit);
    running.catch(() => {});
    await sleep(100);
    moorage.signal('SIGTERM');
    await moorage.says(/stopping/);
    moorage.signal('SIGTERM');
    expect(await moorage.exited).toMatchObject({ code: 143 });
    await until(() => !workers.some(isRunning));
  });

  it('end when their parent was killed', async () => {
    const { moorage } = await startWorkers(3);
    const workers = await workersOf(moorage);
    moorage.signal('SIGKILL');
    await moorage.ended;
    await until(() => !workers.some(isRunning));
  });

  it('are replaced when they end, and the others answer meanwhile', async () => {
    const { moorage, ready } = await startWorkers(2);
    const [killed = 0, other] = await workersOf(moorage);
    process.kill(killed, 'SIGKILL');
    for (let at = 0; at < 20; at += 1) {
      const status = await statusOf(`${ready.url}/v2/`).catch(() => undefined);
      if (status !== undefined) expect(status).toBe(200);
    }
    await moorage.says(/a worker process ended and is replaced/);
    await until(async () => {
      const now = await workersOf(moorage);
      return now.length === 2 && now.includes(other ?? 0) && !now.includes(killed);
    });
    expect(await statusOf(`${ready.url}/v2/`)).toBe(200);
    moorage.signal('SIGTERM');
    expect(await moorage.exited).toMatchObject({ code: 0 });
  });

  it('take new connections while one of them stands still', async () => {
    const { moorage, ready } = await startWorkers(2);
    const [still = 0] = await workersOf(moorage);
    process.kill(still, 'SIGSTOP');
    let answered = 0;
    const asked = Array.from({ length: 10 }, () => statusOf(`${ready.url}/v2/`).then(() => (answered += 1)));
    await until(() => answered >= 9);
    // On a busy machine it stood still for so long that it was replaced.
    if (!isRunning(still)) return void (await Promise.allSettled(asked));
    process.kill(still, 'SIGCONT');
    await Promise.all(asked);
  });

  it('are fewer where not all can run, as long as one answers', async () => {
    const environment = await preloading("if (require('node:cluster').worker?.id > 1) process.exit(7);");
    const moorage = await startMoorage(['--listen', '127.0.0.1:0', '--workers', '2'], { environment });
    const { url } = await moorage.ready();
    await moorage.says(/(?:a worker process ended and is replaced[\s\S]*){7}/);
    expect(await statusOf(`${url}/v2/`)).toBe(200);
    moorage.signal('SIGTERM');
    expect(await moorage.exited).toMatchObject({ code: 0 });
  });

  it('are tried again where no process can be started', async () => {
    const directory = await scratchDirectory();
    const node = join(directory, 'node');
    await symlink(process.execPath, node);
    const environment = await preloading(
      `if (require('node:cluster').isPrimary) process.execPath = ${JSON.stringify(node)};`,
    );
    const { moorage, ready } = await startWorkers(2, { environment });
    await unlink(node);
    const [killed = 0] = await workersOf(moorage);
    process.kill(killed, 'SIGKILL');
    await moorage.says(/a process of the server cannot be started: spawn [^"]* ENOENT/);
    expect(await statusOf(`${ready.url}/v2/`)).toBe(200);
    await symlink(process.execPath, node);
    await until(async () => (await workersOf(moorage)).length === 2);
    moorage.signal('SIGTERM');
    expect(await moorage.exited).toMatchObject({ code: 0 });
  });

  it('say so where not even the first can be started', async () => {
    const environment = await preloading("process.execPath = '/nowhere/node';");
    const exit = await runMoorage(['--listen', '127.0.0.1:0', '--workers', '2'], { environment });
    expect(exit).toMatchObject({ code: 1, stdout: '' });
    expect(linesOf(exit.stderr)).toEqual([
      'moorage: a process of the server cannot be started: spawn /nowhere/node ENOENT',
    ]);
  });

  it('do not begin on the mount point of a volume that went away', async () => {
    const directory = await scratchDirectory();
    const root = join(directory, 'root');
    const { moorage, ready } = await startWorkers(2, { directory }, ['--root', 'root']);
    const start = () =>
      fetch(`${ready.url}/v2/a/blobs/uploads/?digest=${blob.digest}`, {
        method: 'POST',
        body: new Uint8Array(blob.bytes),
      });
    expect((await start()).status).toBe(201);
    await rename(root, join(directory, 'away'));
    await mkdir(root);
    const [first = 0] = await workersOf(moorage);
    process.kill(first, 'SIGKILL');
    await moorage.says(/is not the storage directory that the other processes of this server opened/);
    for (let at = 0; at < 8; at += 1) expect((await start()).status).toBe(503);
    expect(await readdir(root)).toEqual([]);
    await rmdir(root);
    await rename(join(directory, 'away'), root);
    await until(async () => (await workersOf(moorage)).length === 2 && (await start()).status === 201);
  });

  it('keep their port when all of them end at once', async () => {
    const { moorage, ready } = await startWorkers(2);
    for (const pid of await workersOf(moorage)) process.kill(pid, 'SIGKILL');
    await until(async () => (await statusOf(`${ready.url}/v2/`).catch(() => undefined)) === 200);
    await until(async () => (await workersOf(moorage)).length === 2);
    moorage.signal('SIGTERM');
    expect(await moorage.exited).toMatchObject({ code: 0 });
  });

  it('refuse a port that another server has, in one line', async () => {
    const { ready } = await startWorkers(2);
    const exit = await runMoorage(['--root', 'other', '--listen', `127.0.0.1:${ready.port}`, '--workers', '2']);
    expect(exit.code).toBe(1);
    expect(exit.stdout).toBe('');
    expect(linesOf(exit.stderr)).toEqual([
      expect.stringMatching(/^moorage: cannot listen on 127\.0\.0\.1:\d+: another program uses this port/),
    ]);
  });

  it('refuse what a single process refuses, with the same exit code', async () => {
    const exit = await runMoorage(['missing.tar', '--port', '0', '--workers', '2']);
    const alone = await runMoorage(['missing.tar', '--port', '0', '--workers', '1']);
    expect(exit.code).toBe(alone.code);
    expect(exit.stderr.replaceAll(exit.stderr.match(/\/\S+moorage-e2e-\w+/)?.[0] ?? ' ', 'X')).toBe(
      alone.stderr.replaceAll(alone.stderr.match(/\/\S+moorage-e2e-\w+/)?.[0] ?? ' ', 'X'),
    );
  });
});

describe.runIf(onLinux)('one process', () => {
  it.each([
    ['--ephemeral', '--workers', '4'],
    ['--root', 'registry', '--workers', '1'],
  ])('serves %s %s %s', async (...args) => {
    const moorage = await startMoorage([...args, '--listen', '127.0.0.1:0']);
    await moorage.ready();
    expect(await workersOf(moorage)).toEqual([]);
    expect(moorage.stderr).not.toContain('"workers"');
  });
});

it.each(['0', '65', 'many', '-1', '1.5'])('"--workers %s" is refused', async (workers) => {
  const exit = await runMoorage(['--workers', workers]);
  expect(exit.code).toBe(2);
  expect(exit.stderr).toContain('is not a number from 1 to 64, or auto');
});
