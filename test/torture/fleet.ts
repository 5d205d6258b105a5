// One or two servers and now and then a `moorage gc` on one directory, and the hand that kills them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killAtExit, program, ServerProcess } from '../endurance/server-process.ts';
import type { Draws } from '../support/draws.ts';
import { Violation } from './model.ts';
import { Tally } from './tally.ts';

export interface FleetOptions {
  readonly root: string;
  readonly log: string;
  /** In the environment of every process. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What a command that nobody killed answered. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing ever listens there. */
const nobody = 'http://127.0.0.1:1';

export class Fleet {
  readonly #options: FleetOptions;
  #servers: (ServerProcess | undefined)[] = [];
  #commands = new Set<ChildProcess>();
  #turn = 0;
  #isOver = false;
  readonly kills = new Tally();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  async start(count: number): Promise<void> {
    await freeClaim(this.#options.root);
    this.#isOver = false;
    this.#servers = await Promise.all(Array.from({ length: count }, () => this.#started()));
  }

  /** Of a server that lives; once the round is over, of nobody. */
  async url(): Promise<string> {
    for (;;) {
      if (this.#isOver) return nobody;
      this.#turn += 1;
      const living = this.#servers.filter((server) => server !== undefined);
      const server = living[this.#turn % living.length];
      if (server !== undefined) return server.url;
      await sleep(5);
    }
  }

  /** Whoever waits for a server is let go, and no command begins. */
  end(): void {
    this.#isOver = true;
  }

  /** Kills one of the servers and starts it again, or one of its workers, or a `moorage gc` soon after it began. */
  async strike(draws: Draws): Promise<void> {
    if (draws.chance(0.5)) {
      const flags = draws.chance(0.2) ? ['--dry-run'] : [];
      await this.#collect(flags, 150 + draws.below(700));
      return;
    }
    const at = draws.below(this.#servers.length);
    if (draws.chance(0.5) && this.#killWorker(at, draws)) return;
    await this.#kill(at);
    this.#servers[at] = await this.#started();
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#servers.map((_, at) => this.#kill(at)));
    await Promise.all([...this.#commands].map((command) => killed(command)));
  }

  async #kill(at: number): Promise<void> {
    const server = this.#servers[at];
    if (server === undefined) return;
    this.#servers[at] = undefined;
    this.kills.add('servers');
    await server.kill();
  }

  /** The server replaces it. False where it is a single process. */
  #killWorker(at: number, draws: Draws): boolean {
    const workers = this.#servers[at]?.workers() ?? [];
    const worker = workers[draws.below(workers.length)];
    if (worker === undefined) return false;
    try {
      process.kill(worker, 'SIGKILL');
    } catch {
      // It has ended since, as one that was killed a moment before.
      return false;
    }
    this.kills.add('workers');
    return true;
  }

  #started(): Promise<ServerProcess> {
    return ServerProcess.start(this.#options.root, this.#options.log, this.#options.settings);
  }

  async #collect(flags: readonly string[], killAfterMs: number): Promise<void> {
    await freeClaim(this.#options.root);
    const ended = await this.command(['gc', ...flags], killAfterMs);
    if (ended !== undefined && ended.code !== 0)
      throw new Violation(`moorage gc ended with ${ended.code}: ${`${ended.stdout}${ended.stderr}`.slice(-500)}`);
  }

  /** `moorage` on the directory. Undefined when it was killed: after so long, or since the round is over. */
  async command(args: readonly string[], killAfterMs: number | undefined): Promise<Ended | undefined> {
    if (this.#isOver) return undefined;
    const { root, log, settings } = this.#options;
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...settings };
    const child = spawn(process.execPath, [program, ...args, '--root', root], { env, stdio: 'pipe' });
    killAtExit(child);
    this.#commands.add(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => (stdout += text));
    child.stderr.on('data', (text) => (stderr += text));
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    clearTimeout(timer);
    this.#commands.delete(child);
    appendFileSync(log, `${args.join(' ')} ended with ${code ?? signal}: ${`${stdout}${stderr}`.slice(-2_000)}\n`);
    if (code !== null) return { code, stdout, stderr };
    this.kills.add(args[0] ?? '');
    return undefined;
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/**
 * Who was killed while it collected has the claim for a minute: too long for a run that wants many collections. Two at a time, where one
 * lives as yet, must do no harm.
 */
export async function freeClaim(root: string): Promise<void> {
  await rm(join(root, '.moorage/gc/claim'), { force: true });
}
