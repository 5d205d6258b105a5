// An error of the system is an error in every realm: in jest, and wherever node:vm runs a program, `instanceof Error` is false for it.
import { expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

it('only one file asks for instanceof Error', () => {
  const asking = sourceFiles().filter(({ text }) => /instanceof Error\b/.test(text));
  expect(asking.map(({ path }) => path)).toEqual(['oci/is-error.ts']);
});
