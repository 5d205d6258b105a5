// Runs one command line of a client: its own environment, a deadline, and its output kept for the message of a failure.

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { track } from './running-processes.ts';

export type Environment = Readonly<Record<string, string>>;

export interface CommandOptions {
  readonly env: Environment;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that ended with a non-zero code, was ended by a signal, or ran out of its time. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly result: CommandResult;

  constructor(commandLine: string, reason: string, result: CommandResult) {
    const said = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-6).join(' | ').slice(-700);
    super(`${commandLine}: ${reason}: ${said}`);
    this.result = result;
  }
}

/** Only for a command that hangs: a machine under load takes minutes to build a layer of 1 GiB. */
const defaultTimeoutMs = 600_000;
const keptOutput = 4 * 1024 * 1024;

/** Runs `file` to its end and answers what it said; anything but exit code 0 is a `CommandError`. */
export async function runCommand(file: string, args: readonly string[], options: CommandOptions) {
  const result = await tryCommand(file, args, options);
  if (result.code !== 0) throw new CommandError([file, ...args].join(' '), `exit code ${result.code}`, result);
  return result;
}

/** As `runCommand`, for a command that is expected to fail: every exit code is an answer. */
export function tryCommand(file: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    // Its own process group: a client that runs out of time takes its children with it.
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    track(child);
    let stdout = '';
    let stderr = '';
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-keptOutput);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-keptOutput);
    });
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const result = { code: code ?? -1, stdout, stderr };
      if (late) reject(new CommandError([file, ...args].join(' '), `no end after ${timeoutMs / 1000} s`, result));
      else if (signal !== null) reject(new CommandError([file, ...args].join(' '), `ended by ${signal}`, result));
      else resolve(result);
    });
  });
}

/** Where `name` can be run from: the first of `directories` that holds it. */
export function findExecutable(name: string, directories: readonly string[]): string | undefined {
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here: the next directory may have it.
    }
  }
  return undefined;
}
