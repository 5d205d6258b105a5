// Sparse members in the four forms that GNU tar writes: what is read is the file that was archived.
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../../src/oci/digest.ts';
import { openArchiveFile } from '../../../../src/storage/archive/archive-file.ts';
import { openArchiveStore } from '../../../../src/storage/archive/archive-store.ts';
import { scanLimits, scanTar } from '../../../../src/storage/archive/tar-scan.ts';
import { type Archives, key, newArchives, textAt } from './archives.ts';

const forms = {
  old: ['--format=gnu'],
  '0.0': ['--format=posix', '--sparse-version=0.0'],
  '0.1': ['--format=posix', '--sparse-version=0.1'],
  '1.0': ['--format=posix', '--sparse-version=1.0'],
};

const block = 64 * 1024;

/** A file of so many runs of data, a hole before each, and one at its end. */
function sparseFile(path: string, runs: number): void {
  const file = openSync(path, 'w');
  for (let run = 0; run < runs; run += 1) writeSync(file, `data ${run}`, (2 * run + 1) * block);
  ftruncateSync(file, (2 * runs + 1) * block);
  closeSync(file);
}

async function archived(archives: Archives, form: readonly string[], runs: number): Promise<string> {
  const path = await archives.write(Buffer.alloc(0), 'x.tar');
  sparseFile(join(archives.directory, 'a'), runs);
  const after = join(archives.directory, 'after');
  await archives.write(Buffer.from('after'), 'after');
  execFileSync('tar', [
    '-S',
    ...form,
    '-cf',
    path,
    '-C',
    archives.directory,
    'a',
    after.slice(after.lastIndexOf('/') + 1),
  ]);
  return path;
}

describe.each(Object.entries(forms))('form %s', (_, form) => {
  test.each([0, 1, 3, 40, 300])('of %i runs of data', async (runs) => {
    const archives = await newArchives();
    const path = await archived(archives, form, runs);
    const whole = readFileSync(join(archives.directory, 'a'));
    const store = await openArchiveStore(path, archives.options);
    const stored = await store.read(key('a'), whole.length);
    expect(stored?.info.size).toBe(whole.length);
    expect(digestOf(stored?.bytes ?? Buffer.alloc(0))).toBe(digestOf(whole));
    const object = await store.open(key('a'));
    for (const [at, length] of [
      [0, 10],
      [block - 2, 6],
      [block + 2, 2 * block],
      [whole.length - 3, 3],
    ] as const) {
      const part = Buffer.alloc(length, 'x');
      const read = await object?.readInto(part, at);
      expect(part.subarray(0, read).equals(whole.subarray(at, at + length)), `${length} bytes at ${at}`).toBe(true);
    }
    expect(await textAt(store, 'after')).toBe('after');
    expect(store.problems).toEqual([]);
    await store.close();
  });
});

test('maps of a million pieces are refused, and so are holes without end: both cost more than the bytes that ask for them', async () => {
  const archives = await newArchives();
  const path = await archived(archives, forms.old, 40);
  const file = openArchiveFile(path);
  const refused = async (limits: object) => (await scanTar(file, { ...scanLimits, ...limits })).contents.ignored;
  expect(await refused({ maxPieces: 40 })).toEqual([]);
  expect(await refused({ maxPieces: 39 })).toEqual([
    { name: 'a', reason: expect.stringContaining('more than 39 pieces') },
  ]);
  expect(await refused({ maxHoles: block })).toEqual([{ name: 'a', reason: expect.stringContaining('larger than') }]);
  file.close();
});
