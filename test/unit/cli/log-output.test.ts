// The log as it reaches its file descriptor: levels, formats, batches, a reader that is gone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, type LoggerOptions } from '../../../src/cli/log-output.ts';
import { RequestLines } from '../../../src/observability/request-lines.ts';

let directory: string;
let fileDescriptor: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moorage-log-'));
  fileDescriptor = openSync(join(directory, 'log'), 'w');
});
afterEach(() => {
  closeSync(fileDescriptor);
  rmSync(directory, { recursive: true });
});

function written(): string {
  return readFileSync(join(directory, 'log'), 'utf8');
}

function open(options: Partial<LoggerOptions> = {}) {
  return createLogger({ level: 'info', format: 'auto', fileDescriptor, ...options });
}

const line = {
  client: '192.0.2.7',
  user: 'anna',
  userAgent: 'crane/0.20',
  method: 'GET',
  route: '/v2/:name/manifests/:reference',
  repository: 'team/app',
  reference: 'v1',
  status: 200,
  durationMs: 1.23456,
  bytes: 528,
  path: undefined,
};

describe('createLogger', () => {
  it('writes one JSON object a line where there is no terminal', () => {
    const { log, flush } = open();
    log.warn({ tags: ['v1'] }, 'restored');
    new RequestLines(log).request(line);
    flush();
    const [first, second, ...rest] = written().trimEnd().split('\n');
    expect(rest).toEqual([]);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(JSON.parse(first ?? '')).toEqual({ level: 'warn', time, tags: ['v1'], msg: 'restored' });
    expect(JSON.parse(second ?? '')).toEqual({ level: 'info', time, ...line, durationMs: 1.23, msg: 'request' });
  });

  it('leaves the repository out where a request has none', () => {
    const { log, flush } = open();
    new RequestLines(log).request({ ...line, repository: undefined });
    flush();
    expect(JSON.parse(written())).not.toHaveProperty('repository');
  });

  it('writes text for a terminal', () => {
    const { log } = open({ format: 'text' });
    log.info({ root: '/srv/my registry', port: 5000 }, 'started');
    new RequestLines(log).request(line);
    log.error({ error: new Error('broken') }, 'failed');
    const lines = written().split('\n');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}started root="\/srv\/my registry" port=5000$/);
    expect(lines[1]).toMatch(
      /INFO {2}200 GET {4}\/v2\/:name\/manifests\/:reference team\/app:v1 528 B 1\.23 ms 192\.0\.2\.7 anna crane\/0\.20$/,
    );
    expect(lines[2]).toMatch(/ERROR failed$/);
    expect(lines[3]).toBe('  Error: broken');
    expect(lines[4]).toMatch(/^ {6}at /);
  });

  it('writes no text that moves the cursor of a terminal', () => {
    const { log } = open({ format: 'text' });
    log.info({ root: '\u001b[2J', paths: ['\u009b1m'] }, 'sta\u0007rted');
    log.error({ error: new Error('bro\u001b[31mken') }, 'failed');
    const unsafe = /[^\n\P{Cc}]/u;
    expect(written()).not.toMatch(unsafe);
    expect(written()).toContain('\\u{1b}[2J');
  });

  it('keeps less important lines to itself', () => {
    const { log, flush } = open({ level: 'warn' });
    log.info('not this');
    log.warn('this');
    flush();
    expect(written()).toMatch(/^\{"level":"warn".*"msg":"this"\}\n$/);
  });

  it('writes batches by itself after a moment', async () => {
    const { log } = open();
    log.info('soon');
    await expect.poll(written, { timeout: 60_000 }).toContain('soon');
  });

  it('drops and counts lines while its reader stands still, goes on when it reads, and never waits', async () => {
    // 100,000 lines of 120 bytes are more than what may wait; they are all "written" before anything is read.
    const child = spawnLogger(
      'for (let i = 0; i < 100000; i++) log.info({ i }, "x".repeat(64)); process.stdout.write("alive"); process.stdin.on("end", () => process.exit(0)).resume();',
    );
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    const lines: Record<string, unknown>[] = [];
    for await (const each of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
      lines.push(JSON.parse(each) as Record<string, unknown>);
      if (lines.at(-1)?.msg !== 'x'.repeat(64)) child.stdin?.end();
    }
    const last = lines.pop();
    expect(last).toMatchObject({ level: 'error', lines: 100_000 - lines.length });
    expect(lines.length).toBeGreaterThan(10_000);
    // Those that did not get lost are whole and in order.
    expect(lines.map(({ i }) => i)).toEqual(lines.map((_line, at) => at));
  });

  it('survives that the reader of its pipe is gone', async () => {
    const child = spawnLogger(
      'process.stdin.once("data", () => { for (let i = 0; i < 50; i++) log.error("x".repeat(20000)); process.stdout.write("alive"); process.exit(0) });',
    );
    child.stderr?.destroy();
    child.stdin?.end('go\n');
    const [said, [code]] = await Promise.all([text(child.stdout as NodeJS.ReadableStream), once(child, 'exit')]);
    expect(said).toBe('alive');
    expect(code).toBe(0);
  });
});

/** Runs `script` in a process of its own whose `log` goes to its standard error. */
function spawnLogger(script: string): ChildProcess {
  const module = new URL('../../../dist/cli/log-output.js', import.meta.url);
  const source = `import { createLogger } from ${JSON.stringify(module.href)}; const { log } = createLogger({ level: 'info', format: 'json', fileDescriptor: 2 }); ${script}`;
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'pipe' });
}
