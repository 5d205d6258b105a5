// docs/api.md is what the types of the package say, each name of it once.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const path = new URL('../../../docs/api.md', import.meta.url).pathname;

it('is what `npm run api` would write now', async () => {
  const { apiDocument } = (await import('../../../scripts/write-api.mjs' as string)) as { apiDocument: () => string };
  expect(readFileSync(path, 'utf8')).toBe(apiDocument());
});

it('has every name that the package exports, and says something of what may be given', () => {
  const text = readFileSync(path, 'utf8');
  const names = [...text.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(names).toEqual(
    expect.arrayContaining(['createRegistry', 'EmbeddedRegistry', 'Fault', 'ImageToPush', 'SeenRequest']),
  );
  const options = text.split('\n## RegistryOptions\n')[1]?.split('\n## ')[0] ?? '';
  expect(options.split('\n').filter((line) => line.endsWith('|  |'))).toEqual([]);
  expect(text).toContain('| `status?: number \\| undefined` |');
});
