// Runs the built program as a user does, and collects what it says.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: a fresh directory. */
  readonly directory?: string;
  /** Standard input that says nothing and does not end. */
  readonly input?: 'open';
  /** Runs it as another user, which only root can do. */
  readonly userId?: number;
}

export interface Ready {
  readonly url: string;
  readonly port: number;
}

export class MoorageProcess {
  readonly directory: string;
  readonly #child: ChildProcessWithoutNullStreams;
  /** With everything it said. */
  readonly exited: Promise<Exit>;
  /** Code and signal, also while nobody reads what it said. */
  readonly ended: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], directory: string, { environment = {}, input, userId }: StartOptions) {
    this.directory = directory;
    this.#child = spawn(process.execPath, [program, ...args], {
      cwd: directory,
      env: { ...withoutOurs(process.env), ...environment },
      stdio: 'pipe',
      ...(userId === undefined ? {} : { uid: userId, gid: userId }),
    });
    if (input === undefined) this.#child.stdin.end();
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.#child, 'exit');
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Waits for the banner. */
  async ready(): Promise<Ready> {
    for (;;) {
      const [, url, port] = /(https?:\/\/\S+:(\d+))[\s\S]*Ctrl-C\n/.exec(this.stdout) ?? [];
      if (url !== undefined) return { url, port: Number(port) };
      const ended = await Promise.race([once(this.#child.stdout, 'data').then(() => undefined), this.exited]);
      if (ended !== undefined) throw new Error(`moorage ended with ${ended.code}: ${ended.stderr}`);
    }
  }

  /** Waits until standard error matches. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) {
      await Promise.race([
        once(this.#child.stderr, 'data'),
        this.exited.then((exit) => Promise.reject(new Error(`ended: ${exit.stderr}`))),
      ]);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Leaves the stream open, and what comes in it where it is. */
  stopReading(stream: 'stdout' | 'stderr'): void {
    this.#child[stream].pause();
  }

  /** Nobody reads standard output any more. */
  closeStandardOutput(): void {
    this.#child.stdout.destroy();
  }
}

/**
 * Settings of whoever runs the tests, and npm's mark, must not reach the program under test. One process: what several see of a change on disk at
 * slightly different moments, and as one server all the same, has tests of its own, with --workers.
 */
export function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(environment).filter(([name]) => !/^(?:MOORAGE_|npm_)/.test(name));
  return { ...Object.fromEntries(others), MOORAGE_SERVER_WORKERS: '1' };
}

/** Ends with the test. */
export async function startMoorage(args: readonly string[], options: StartOptions = {}): Promise<MoorageProcess> {
  const directory = options.directory ?? (await scratchDirectory());
  const moorage = new MoorageProcess(args, directory, options);
  onTestFinished(async () => {
    moorage.signal('SIGKILL');
    await moorage.exited;
  });
  return moorage;
}

/** Runs it to its end. */
export async function runMoorage(args: readonly string[], options: StartOptions = {}): Promise<Exit> {
  return (await startMoorage(args, options)).exited;
}

/** Runs a line of shell, in which `moorage` is the program. */
export async function runShell(
  script: string,
  { directory, environment = {} }: Required<Pick<StartOptions, 'directory'>> & StartOptions,
): Promise<Exit> {
  const line = `moorage() { "${process.execPath}" "${program}" "$@"; }\n${script}`;
  const child = spawn('bash', ['-o', 'pipefail', '-c', line], {
    cwd: directory,
    env: { ...withoutOurs(process.env), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout: await stdout, stderr: await stderr };
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += part;
  return text;
}

export async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'moorage-e2e-'));
  // Workers of a server that was killed end within a second, and may write until then.
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  return directory;
}

/** True when any user may read the program: not in a checkout below root's own home, for one. */
export function programIsPublic(): boolean {
  const othersMayEnter = 0o005;
  for (let path = dirname(program); ; path = dirname(path)) {
    if ((statSync(path).mode & othersMayEnter) !== othersMayEnter) return false;
    if (path === dirname(path)) return true;
  }
}
