// A started server: waits until it answers, reads what it uses, stops it. Every process started here is stopped here.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection } from './client/http-connection.ts';
import { OCI_INDEX, OCI_MANIFEST } from './content/image.ts';
import { cpuSecondsOf, type Memory, memoryOf } from './process-usage.ts';
import type { Startable } from './servers/contestant.ts';
import { turnsFileVariable } from './turns/turns-file.ts';

/** distribution answers 404 for an OCI manifest that the client does not say it accepts. */
const ACCEPT = `Accept: ${OCI_MANIFEST}, ${OCI_INDEX}\r\n`;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const SETTLE_LIMIT_MS = 10_000;

const running = new Set<RunningServer>();
/** No server is started any more: an interrupted benchmark must not leave the one it was about to start. */
let stopping = false;

export class RunningServer {
  readonly port: number;
  readonly pid: number;
  /** Its data. */
  readonly root: string;
  readonly #process: ChildProcess;
  readonly #turnsFile: string;
  #startMs = 0;

  private constructor(child: ChildProcess, port: number, root: string, turnsFile: string) {
    this.root = root;
    this.#turnsFile = turnsFile;
    this.#process = child;
    this.pid = child.pid ?? 0;
    this.port = port;
    running.add(this);
  }

  /** Starts the server on a free port and polls `path` until it answers 200. */
  static async start(contestant: Startable, root: string, scratch: string, path: string): Promise<RunningServer> {
    mkdirSync(root, { recursive: true });
    mkdirSync(scratch, { recursive: true });
    const port = await freePort();
    const command = contestant.command({ root, scratch, port });
    const logFile = join(scratch, `${contestant.name}.log`);
    const log = openSync(logFile, 'w');
    const turnsFile = join(scratch, `${contestant.name}.turns`);
    rmSync(turnsFile, { force: true });
    if (stopping) throw new Error('the benchmark is being stopped');
    const begin = performance.now();
    const child = spawn(command.file, command.args, {
      // Nothing of the caller's environment may change what is measured.
      env: { PATH: process.env.PATH, HOME: process.env.HOME, [turnsFileVariable]: turnsFile, ...command.env },
      cwd: scratch,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    // Known before anything is awaited, so that a signal in between finds it.
    const server = new RunningServer(child, port, root, turnsFile);
    try {
      await once(child, 'spawn');
    } catch (error) {
      running.delete(server);
      throw error;
    }
    try {
      await server.#answers(path, begin, logFile);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** From just before the process was spawned to its first 200. */
  get startMs(): number {
    return this.#startMs;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }

  memory(): Memory {
    return memoryOf(this.pid);
  }

  /** Of all its processes, once it was stopped; undefined where nobody noted it. */
  longestTurnMs(): number | undefined {
    if (!existsSync(this.#turnsFile)) return undefined;
    return Math.max(...readFileSync(this.#turnsFile, 'utf8').trim().split('\n').map(Number));
  }

  /** Waits until the server has stopped working on what it was last asked, so that the next one's turn is its own. */
  async settle(): Promise<void> {
    const deadline = performance.now() + SETTLE_LIMIT_MS;
    let before = this.cpuSeconds();
    while (performance.now() < deadline) {
      await sleep(100);
      const now = this.cpuSeconds();
      if (now - before < 0.02) return;
      before = now;
    }
  }

  async stop(): Promise<void> {
    running.delete(this);
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const late = setTimeout(() => this.#process.kill('SIGKILL'), STOP_LIMIT_MS);
    await exited;
    clearTimeout(late);
  }

  async #answers(path: string, begin: number, logFile: string): Promise<void> {
    let last = 'nothing yet';
    while (performance.now() - begin < START_LIMIT_MS) {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        const how = this.#process.signalCode ?? `exit code ${this.#process.exitCode}`;
        throw new Error(`the server ended before it answered (${how}):\n${lastLinesOf(logFile)}`);
      }
      const connection = new HttpConnection(this.port);
      try {
        const answer = await connection.request('GET', path, ACCEPT);
        this.#startMs = performance.now() - begin;
        if (answer.status === 200) return;
        last = `status ${answer.status}`;
      } catch (error) {
        // Expected while it is not listening yet; said in the error below when it never does.
        last = error instanceof Error ? error.message : String(error);
      } finally {
        connection.close();
      }
      await sleep(1);
    }
    throw new Error(`no 200 for ${path} within ${START_LIMIT_MS / 1000} s (${last}):\n${lastLinesOf(logFile)}`);
  }
}

/** Stops whatever is still running, for an interrupted benchmark. */
export async function stopAllServers(): Promise<void> {
  stopping = true;
  await Promise.all([...running].map((server) => server.stop()));
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('the probe for a free port has no port');
  return address.port;
}

function lastLinesOf(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}
