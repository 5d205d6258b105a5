// What has one answer stands in one file: whoever needs it imports it from there.
import { expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

const files = sourceFiles();

function filesWith(isSpelled: (text: string) => boolean): readonly string[] {
  return files.filter(({ text }) => isSpelled(text)).map(({ path }) => path);
}

it('the names of our own files begin with what is spelled in one file', () => {
  const isSpelled = (text: string) => /['"`/^\\]\.moorage/.test(text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, ''));
  expect(filesWith(isSpelled)).toEqual(['storage/own-names.ts']);
});
