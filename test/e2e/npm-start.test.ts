// `npm start -- ARGS` is `moorage ARGS`, and what npm is told reaches the server.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scratchDirectory } from './moorage-process.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Without its prestart script: that one would build while other tests run what it builds. */
function npmStart(args: readonly string[]): ChildProcess {
  const npm = spawn('npm', ['start', '--ignore-scripts', '--', ...args], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    if (npm.exitCode !== null || npm.signalCode !== null) return;
    npm.kill('SIGTERM');
    await once(npm, 'exit');
  });
  return npm;
}

async function readUntil(stream: NodeJS.ReadableStream | null, pattern: RegExp): Promise<RegExpExecArray> {
  let text = '';
  for await (const chunk of stream ?? []) {
    text += chunk;
    const match = pattern.exec(text);
    if (match !== null) return match;
  }
  throw new Error(`npm said only: ${text}`);
}

describe('npm start', () => {
  it.each([
    ['with a command', ['serve']],
    ['without one', []],
  ])('%s passes the arguments on, and SIGTERM to npm stops the server with 0', async (_name, command) => {
    const root = join(await scratchDirectory(), 'store');
    const npm = npmStart([...command, '--root', root, '--listen', '127.0.0.1:0']);
    const [, url] = await readUntil(npm.stdout, /(http:\/\/127\.0\.0\.1:\d+)[\s\S]*Ctrl-C/);
    expect((await fetch(`${url}/v2/`)).status).toBe(200);
    npm.kill('SIGTERM');
    const [code, signal] = await once(npm, 'exit');
    expect([code, signal]).toEqual([0, null]);
    await expect(fetch(`${url}/v2/`)).rejects.toThrow();
  });
});
