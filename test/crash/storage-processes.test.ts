// Several processes on one root at once, each with its own store: they meet at the files.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { StorageProcess } from './storage-process.ts';

test('4 processes x 60 updates of one object all take effect, once each', { timeout: 600_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'moorage-processes-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const processes = ['a', 'b', 'c', 'd'].map((name) => new StorageProcess('updates', root, name, 60));
  await Promise.all(processes.map((each) => each.end()));
  const entries = readFileSync(join(root, 'team/app/index.json'), 'utf8').trimEnd().split('\n');
  const expected = ['a', 'b', 'c', 'd'].flatMap((name) => Array.from({ length: 60 }, (_, i) => `${name}-${i}`));
  expect(entries.sort()).toEqual(expected.sort());
  expect(readdirSync(join(root, 'team/app')).sort()).toEqual(['blobs', 'index.json']);
  // Every published version was recorded, and before it was visible.
  const records = readFileSync(join(root, '.moorage/journal/team/app/.journal'), 'utf8').trimEnd().split('\n');
  expect(records.length).toBeGreaterThanOrEqual(240);
});
