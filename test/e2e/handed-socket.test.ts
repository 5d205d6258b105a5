// A socket that somebody else opened, as systemd does: taken over by one process and by several, and refused where it is not the one that was meant.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { program, scratchDirectory, withoutOurs } from './moorage-process.ts';
import { workersOf } from './worker-processes.ts';

/** As the child gets it: the number of the process is known to whoever becomes it. */
const script = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"';

class Handed {
  said = '';
  readonly ended: Promise<unknown>;
  readonly child: ChildProcess;

  constructor(child: ChildProcess) {
    this.child = child;
    this.ended = once(child, 'close');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
    }
  }

  async says(text: string): Promise<void> {
    while (!this.said.includes(text)) {
      const more = Promise.race([once(this.child.stdout ?? this.child, 'data'), this.ended.then(() => 'ended')]);
      if ((await more) === 'ended' && !this.said.includes(text)) throw new Error(`ended: ${this.said}`);
    }
  }
}

async function opened(): Promise<{ readonly socket: Server; readonly port: number }> {
  const socket = createServer().listen(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  const address = socket.address();
  return { socket, port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
}

/** This process accepts nothing from it, once it has closed its own. */
async function started(socket: Server, args: readonly string[]): Promise<Handed> {
  const { fd } = Reflect.get(socket, '_handle') as { readonly fd: number };
  const child = spawn('sh', ['-c', script, 'sh', process.execPath, program, 'serve', ...args], {
    cwd: await scratchDirectory(),
    env: withoutOurs(process.env),
    stdio: ['ignore', 'pipe', 'pipe', fd],
  });
  const handed = new Handed(child);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await handed.ended;
  });
  return handed;
}

describe.skipIf(process.platform !== 'linux')('a socket that is handed over', () => {
  it.each(['1', '2'])('is where %s of its processes listen', async (workers) => {
    const { socket, port } = await opened();
    const args = ['--root', 'root', '--listen', `127.0.0.1:${port}`, '--workers', workers];
    const moorage = await started(socket, args);
    await moorage.says('stop with Ctrl-C');
    expect(moorage.said).toContain(`http://127.0.0.1:${port} `);
    // Whoever opened it lets go: from now on the child alone has it.
    socket.close();
    for (let at = 0; at < 4; at += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/v2/`, { headers: { connection: 'close' } });
      expect(answer.status).toBe(200);
    }
    moorage.child.kill('SIGTERM');
    await moorage.ended;
    expect(moorage.child.exitCode).toBe(0);
  });

  it('ends a server whose last worker ended: whoever handed it over still has it, and starts another', async () => {
    const { socket, port } = await opened();
    const moorage = await started(socket, ['--root', 'root', '--listen', `127.0.0.1:${port}`, '--workers', '2']);
    await moorage.says('stop with Ctrl-C');
    await expect.poll(() => moorage.said).toContain('all workers answer requests');
    for (const pid of await workersOf(moorage.child)) process.kill(pid, 'SIGKILL');
    await moorage.ended;
    expect(moorage.said).toContain('the socket that was handed over went with the last one');
    expect(moorage.child.exitCode).toBe(1);
  });

  it.each(['1', '2'])('of another address than the settings say is refused by %s', async (workers) => {
    const { socket, port } = await opened();
    const moorage = await started(socket, ['--root', 'root', '--listen', ':5000', '--workers', workers]);
    await moorage.ended;
    expect(moorage.said).toContain(`the socket that was handed over is 127.0.0.1:${port}, and server.listen is *:5000`);
    expect(moorage.child.exitCode).not.toBe(0);
  });
});
