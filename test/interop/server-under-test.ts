// The registry under test: moorage as a process of our own, or one that already runs and is named by its URL.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, track } from './running-processes.ts';

export interface ServerUnderTest {
  readonly host: string;
  /** The directory it serves; undefined when only the URL of a running one is known. */
  readonly root: string | undefined;
  /** Stops and starts it again on the same directory; false when it is not ours to stop. */
  restart(): Promise<boolean>;
  /** Ends it in the way a supervisor does; answers the exit code, or undefined when it is not ours. */
  stop(): Promise<number | undefined>;
}

const startMs = 15_000;
const stopMs = 20_000;

/** A registry somebody else started. */
export function runningServer(url: string, root: string | undefined): ServerUnderTest {
  return {
    host: new URL(url).host,
    root,
    restart: async () => false,
    stop: async () => undefined,
  };
}

/** `node dist/main.js serve` on a free port of the loopback address. */
export class OwnServer implements ServerUnderTest {
  readonly host: string;
  readonly root: string | undefined;
  readonly #command: readonly string[];
  readonly #log: string;
  #process: ChildProcess | undefined;

  private constructor(command: readonly string[], root: string | undefined, port: number, log: string) {
    this.host = `127.0.0.1:${port}`;
    this.root = root;
    this.#command = command;
    this.#log = log;
  }

  static async start(main: string, root: string, log: string): Promise<OwnServer> {
    return await OwnServer.#started([main, 'serve', '--root', root], root, log);
  }

  /** Serves layouts and archives by their paths (`NAME=PATH`), and nothing else. */
  static async mounting(main: string, args: readonly string[], log: string): Promise<OwnServer> {
    return await OwnServer.#started([main, 'serve', ...args], undefined, log);
  }

  static async #started(command: readonly string[], root: string | undefined, log: string): Promise<OwnServer> {
    const server = new OwnServer(command, root, await freePort(), log);
    await server.#start();
    return server;
  }

  async restart(): Promise<boolean> {
    await this.stop();
    await this.#start();
    return true;
  }

  async stop(): Promise<number | undefined> {
    const child = this.#process;
    if (child === undefined) return undefined;
    await endProcess(child, stopMs);
    return child.exitCode ?? -1;
  }

  async #start(): Promise<void> {
    const log = createWriteStream(this.#log, { flags: 'a' });
    const args = [...this.#command, '--listen', this.host];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    track(child);
    this.#process = child;
    for (const deadline = Date.now() + startMs; Date.now() < deadline; await delay(50)) {
      if (child.exitCode !== null) break;
      if (await answers(this.host)) return;
    }
    const said = (await readFile(this.#log, 'utf8')).trim().split('\n').slice(-3).join(' | ');
    throw new Error(`moorage does not answer on ${this.host}: ${said}`);
  }
}

async function answers(host: string): Promise<boolean> {
  try {
    // Also where users are asked who they are.
    const response = await fetch(`http://${host}/livez`);
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    // Not listening yet.
    return false;
  }
}

/** A port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port for the registry under test');
  return address.port;
}
