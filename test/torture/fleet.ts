// One or two servers and now and then a `moorage gc` on one directory, and the hand that kills them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program, ServerProcess } from '../endurance/server-process.ts';
import type { Draws } from './draws.ts';
import { Violation } from './model.ts';

export interface FleetOptions {
  readonly root: string;
  readonly log: string;
  readonly graceMs: number;
}

/** Nothing ever listens there. */
const nobody = 'http://127.0.0.1:1';

export class Fleet {
  readonly #options: FleetOptions;
  #servers: (ServerProcess | undefined)[] = [];
  #commands = new Set<ChildProcess>();
  #turn = 0;
  #isOver = false;
  kills = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get settings(): Record<string, string> {
    return { MOORAGE_GC_EVERY: '1s', MOORAGE_GC_GRACE: `${this.#options.graceMs}ms`, MOORAGE_LOG_REQUESTS: 'false' };
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

  /** Whoever waits for a server is let go. */
  end(): void {
    this.#isOver = true;
  }

  /** Kills one of the servers and starts it again, or a `moorage gc` soon after it began. */
  async strike(draws: Draws): Promise<void> {
    if (draws.chance(0.5)) {
      const flags = draws.chance(0.2) ? ['--dry-run'] : [];
      await this.#collect(flags, 150 + draws.below(700));
      return;
    }
    const at = draws.below(this.#servers.length);
    await this.#kill(at);
    this.#servers[at] = await this.#started();
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#servers.map((_, at) => this.#kill(at)));
    for (const command of this.#commands) command.kill('SIGKILL');
  }

  async #kill(at: number): Promise<void> {
    const server = this.#servers[at];
    if (server === undefined) return;
    this.#servers[at] = undefined;
    this.kills += 1;
    await server.kill();
  }

  #started(): Promise<ServerProcess> {
    return ServerProcess.start(this.#options.root, this.#options.log, this.settings);
  }

  async #collect(flags: readonly string[], killAfterMs: number): Promise<void> {
    const { root, log } = this.#options;
    await freeClaim(root);
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...this.settings };
    const child = spawn(process.execPath, [program, 'gc', '--root', root, ...flags], { env, stdio: 'pipe' });
    this.#commands.add(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const ended = once(child, 'close');
    const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    const [code, signal] = await ended;
    clearTimeout(timer);
    this.#commands.delete(child);
    appendFileSync(log, `gc ${flags.join(' ')} ended with ${code ?? signal}: ${said.slice(-2_000)}\n`);
    if (signal === 'SIGKILL') this.kills += 1;
    else if (code !== 0) throw new Violation(`moorage gc ended with ${code ?? signal}: ${said.slice(-500)}`);
  }
}

/**
 * Who was killed while it collected has the claim for a minute: too long for a run that wants many collections. Two at a time, where one
 * lives as yet, must do no harm.
 */
export async function freeClaim(root: string): Promise<void> {
  await rm(join(root, '.moorage/gc/claim'), { force: true });
}
