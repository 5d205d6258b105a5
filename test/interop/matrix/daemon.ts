// A program of a tool that has to run while the tool works: containerd, buildkitd, another registry.

import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from '../command.ts';
import { endProcess, track } from '../running-processes.ts';

const startMs = 30_000;
const stopMs = 20_000;

export class Daemon {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** Answers once `isReady` does not throw any more. */
  static async start(
    command: string,
    args: readonly string[],
    { env, log }: { readonly env: Environment; readonly log: string },
    isReady: () => Promise<unknown>,
  ): Promise<Daemon> {
    const file = openSync(log, 'a');
    const child = spawn(command, args, { env, stdio: ['ignore', file, file] });
    track(child);
    const daemon = new Daemon(child);
    let last: unknown;
    for (const deadline = Date.now() + startMs; Date.now() < deadline && child.exitCode === null; await delay(100)) {
      try {
        await isReady();
        return daemon;
      } catch (error) {
        last = error;
      }
    }
    await daemon.stop();
    const said = (await readFile(log, 'utf8')).trim().split('\n').slice(-3).join(' | ').slice(-500);
    throw new Error(`${command} does not get ready: ${said}`, { cause: last });
  }

  async stop(): Promise<void> {
    await endProcess(this.#process, stopMs);
  }
}

/** Throws until something answers there. */
export async function expectAnswer(url: string): Promise<void> {
  const answer = await fetch(url);
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`${url} answers ${answer.status}`);
}
