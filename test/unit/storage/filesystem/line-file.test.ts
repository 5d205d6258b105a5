// Lines of an audit: whole and in order, through rotation, full disks and readers that do not read.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LineFile, type LineFileOptions } from '../../../../src/storage/filesystem/line-file.ts';
import { CannotWriteError } from '../../../../src/storage/filesystem/published-file.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

async function lineFile(options: Partial<LineFileOptions> = {}, make: (path: string) => void = () => {}) {
  const path = join(await temporaryDirectory(), 'audit');
  make(path);
  const said: string[] = [];
  const say = (message: string, details: object) => said.push(`${message} ${JSON.stringify(details)}`);
  const file = await LineFile.open(path, {
    log: { info: say, slow: say, warn: say },
    lostLine: (count) => `lost ${count}`,
    ...options,
  });
  onTestFinished(() => file.close());
  return { path, file, said };
}

const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const fifo = (path: string) => execFileSync('mkfifo', [path]);
const soon = () => new Promise((resolve) => setTimeout(resolve, 10));

/** All that is in a pipe by now. */
function drained(descriptor: number): string {
  const parts: Buffer[] = [];
  for (;;) {
    const buffer = Buffer.alloc(65_536);
    let count = 0;
    try {
      count = readSync(descriptor, buffer);
    } catch {
      break; // Empty, for the moment.
    }
    if (count === 0) break;
    parts.push(buffer.subarray(0, count));
  }
  return Buffer.concat(parts).toString();
}

describe('lines', () => {
  it('are there when append returns, in the order of calls, in a file of our own', async () => {
    const { path, file } = await lineFile();
    await file.append('one');
    expect(linesOf(path)).toEqual(['one']);
    const all = Array.from({ length: 500 }, (_, at) => `line ${at}`);
    for (const [at, line] of all.entries())
      if (at % 2 === 0) file.push(line);
      else void file.append(line);
    await file.append('last');
    expect(linesOf(path)).toEqual(['one', ...all, 'last']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('of several writers are whole', async () => {
    const { path, file } = await lineFile();
    const other = await LineFile.open(path, { log: { info() {}, slow() {}, warn() {} }, lostLine: String });
    onTestFinished(() => other.close());
    const text = 'x'.repeat(500);
    const all = Array.from({ length: 200 }, (_, at) => [file.append(`a${at} ${text}`), other.append(`b${at} ${text}`)]);
    await Promise.all(all.flat());
    const lines = linesOf(path);
    expect(lines).toHaveLength(400);
    expect(lines.every((line) => /^[ab]\d+ x{500}$/.test(line))).toBe(true);
    expect(lines.filter((line) => line.startsWith('a')).map((line) => line.split(' ')[0])).toEqual(
      Array.from({ length: 200 }, (_, at) => `a${at}`),
    );
  });

  it('go to a new file of the name when it was rotated away or removed', async () => {
    const { path, file, said } = await lineFile();
    await file.append('one');
    renameSync(path, `${path}.1`);
    const appendUntil = async (isThere: () => boolean) => {
      for (let at = 0; !isThere(); at += 1) {
        await file.append(`line ${at}`);
        await soon();
      }
    };
    const exists = () => statSync(path, { throwIfNoEntry: false }) !== undefined;
    await appendUntil(exists);
    expect(linesOf(`${path}.1`)[0]).toBe('one');
    unlinkSync(path);
    await appendUntil(exists);
    expect(said).toEqual([]);
  });

  it('are refused at the start where no file can be, with the reason', async () => {
    const open = (make: (path: string) => void) => lineFile({}, make);
    await expect(open((path) => mkdirSync(path))).rejects.toThrow(CannotWriteError);
    const nowhere = join(await temporaryDirectory(), 'none/audit');
    await expect(
      LineFile.open(nowhere, { log: { info() {}, slow() {}, warn() {} }, lostLine: String }),
    ).rejects.toThrow(/there is no directory .*none$/);
  });

  it('end with the process as far as they can be written', async () => {
    const { path, file } = await lineFile();
    for (let at = 0; at < 1_000; at += 1) file.push(`line ${at}`);
    await file.close();
    expect(linesOf(path)).toHaveLength(1_000);
    const stuck = await lineFile({ patienceMs: 50 }, fifo);
    for (let at = 0; at < 3; at += 1) stuck.file.push(`line ${at}`);
    await stuck.file.close();
    expect(stuck.said.at(-1)).toMatch(/^lines were not written .*"lost":3/);
  });
});

describe('a pipe', () => {
  it('without a reader refuses who waits, keeps what nobody waits for, and goes on with the reader', async () => {
    const { path, file, said } = await lineFile({}, fifo);
    expect(said).toEqual([expect.stringContaining('nobody reads what is written to it')]);
    file.push('kept');
    await expect(file.append('refused')).rejects.toThrow(/cannot write .*audit: nobody reads/);
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(descriptor));
    for (;;) {
      const isWritten = await file.append('waited for').then(
        () => true,
        () => false,
      );
      if (isWritten) break;
      await soon();
    }
    expect(drained(descriptor).split('\n')).toEqual(['kept', 'waited for', '']);
    expect(said).toHaveLength(2);
    expect(said[1]).toContain('lines are written again');
  });

  it('whose reader is stuck refuses who waits after a while, then at once, and loses no half of a line', async () => {
    const { path, file } = await lineFile({ patienceMs: 200 }, fifo);
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(descriptor));
    const written: string[] = [];
    const text = 'x'.repeat(3_000);
    for (let at = 0; ; at += 1) {
      const line = `line ${at} ${text}`;
      const isWritten = await file.append(line).then(
        () => true,
        () => false,
      );
      if (!isWritten && written.length > 0) break;
      if (isWritten) written.push(line);
      else await soon();
    }
    await expect(file.append(`line 0 ${text}`)).rejects.toThrow(/nobody reads|too long/);
    let read = '';
    for (;;) {
      read += drained(descriptor);
      const isWritten = await file.append('again').then(
        () => true,
        () => false,
      );
      if (isWritten) break;
      await soon();
    }
    read += drained(descriptor);
    const lines = read.split('\n');
    expect(lines.slice(0, written.length)).toEqual(written);
    // What was begun is whole as well, although who waited for it was refused.
    expect(lines.every((line) => line === '' || line === 'again' || /^line \d+ x{3000}$/.test(line))).toBe(true);
    expect(lines.at(-2)).toBe('again');
  });

  it('that loses lines nobody waits for says how many', { timeout: 600_000 }, async () => {
    const { path, file, said } = await lineFile({ patienceMs: 100 }, fifo);
    const line = 'y'.repeat(99_999);
    for (let at = 0; at < 100; at += 1) file.push(line);
    const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void reader.kill());
    let read = '';
    while (!/lost \d+\n/.test(read)) {
      const [part] = (await once(reader.stdout, 'data')) as [Buffer];
      read += part.toString();
    }
    const whole = read.split('\n').filter((each) => each === line).length;
    expect(whole).toBeGreaterThan(80);
    expect(read.match(/lost (\d+)\n/)?.[1]).toBe(String(100 - whole));
    expect(said.at(-1)).toContain(`"lost":${100 - whole}`);
  });
});

describe.runIf(statSync('/dev/full', { throwIfNoEntry: false }) !== undefined)('a full disk', () => {
  it('refuses who waits, each time', async () => {
    const said: string[] = [];
    const say = (message: string, details: object) => said.push(`${message} ${JSON.stringify(details)}`);
    const file = await LineFile.open('/dev/full', { log: { info: say, slow: say, warn: say }, lostLine: String });
    onTestFinished(() => file.close());
    for (let count = 0; count < 3; count += 1) {
      await expect(file.append('x')).rejects.toThrow('cannot write /dev/full: no space left');
    }
    expect(said).toEqual([expect.stringContaining('no space left')]);
  });
});
