// A moorage of our own as a separate process, and what the kernel says that it uses.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** As it was built. */
export const program = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const startMs = 20_000;
const stopMs = 60_000;
const mebibyte = 1024 * 1024;

/** None outlives the run. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Killed with the run, whichever way that ends. */
export function killAtExit(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

export interface Usage {
  readonly rssMiB: number;
  readonly descriptors: number;
}

export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Its log goes to `logFile`, without a line for each request. `settings` are variables of its environment. */
  static async start(
    root: string,
    logFile: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const args = [program, 'serve', '--root', root, '--listen', '127.0.0.1:0'];
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, MOORAGE_LOG_REQUESTS: 'false', ...settings };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    killAtExit(child);
    child.stderr?.on('data', (text: Buffer) => appendFileSync(logFile, text));
    let output = '';
    child.stdout?.on('data', (text: Buffer) => {
      output += text.toString();
    });
    for (const deadline = Date.now() + startMs; Date.now() < deadline; await sleep(20)) {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
      if (url !== undefined) return new ServerProcess(child, url);
      if (child.exitCode !== null) break;
    }
    child.kill('SIGKILL');
    throw new Error(`moorage did not start: ${output} ${readFileSync(logFile, 'utf8').slice(-500)}`);
  }

  usage(): Usage {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const kib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    return { rssMiB: (kib * 1024) / mebibyte, descriptors: readdirSync(`/proc/${this.#child.pid}/fd`).length };
  }

  /** Its processes besides the one that was started; none where that is the server itself. */
  workers(): readonly number[] {
    const { pid } = this.#child;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  }

  /** Without a chance to do anything more: kill -9. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const deadline = sleep(stopMs, 'late' as const, { ref: false });
    if ((await Promise.race([ended, deadline])) === 'late') throw new Error('moorage did not stop');
  }
}

/** Regular files below a directory. */
export function filesBelow(directory: string): number {
  let count = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) count += filesBelow(join(directory, entry.name));
    else count += 1;
  }
  return count;
}
