// Starts and stops the built server as a user would: `moorage serve` with a root, a free port and settings in the
// environment.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../project.ts';

export interface MoorageProcess {
  readonly url: string;
  /** SIGTERM, and SIGKILL when that takes longer than half a minute. Resolves to the exit code, null after a SIGKILL. */
  stop(): Promise<number | null>;
}

const startMs = 30_000;
const stopMs = 30_000;

/** Resolves once the server answers /livez. `settings` are environment variables, e.g. MOORAGE_SERVER_WARNING. */
export async function startMoorage(root: string, settings: Readonly<Record<string, string>>): Promise<MoorageProcess> {
  const main = path.join(projectRoot(), 'dist', 'main.js');
  if (!existsSync(main)) throw new Error(`${main} is not there: run "npm run build" first`);
  const child = spawn(process.execPath, [main, 'serve', '--root', root, '--listen', '127.0.0.1:0'], {
    env: { ...withoutSettings(process.env), MOORAGE_LOG_REQUESTS: 'false', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr = (output.stderr + text).slice(-10_000);
  });
  try {
    return { url: await address(child, output), stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

async function address(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<string> {
  const deadline = Date.now() + startMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`moorage ended with ${child.exitCode}: ${output.stderr.trim()}`);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output.stdout)?.[0];
    if (url !== undefined && (await isLive(url))) return url;
    await sleep(20);
  }
  throw new Error(`moorage did not start within ${startMs / 1000} s: ${output.stdout} ${output.stderr}`);
}

async function isLive(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/livez`)).ok;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await ended;
  clearTimeout(timer);
  return child.exitCode;
}

/** The caller's own settings must not reach the server under test. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MOORAGE_')));
}
