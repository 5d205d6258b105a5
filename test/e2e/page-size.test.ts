// What a browser has to load for the page: little, since it is opened over bad links as well.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

const directory = new URL('../../dist/page/', import.meta.url);

it('is at most 60 kB of gzip, all of it together', () => {
  const files = readdirSync(directory).map((name) => readFileSync(new URL(name, directory)));
  const sizes = files.map((bytes) => gzipSync(bytes).byteLength);
  expect(files.length).toBeGreaterThanOrEqual(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(60_000);
});
