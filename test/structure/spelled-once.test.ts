// What has one answer stands in one file: whoever needs it imports it from there.
import { describe, expect, it } from 'vitest';
import { annotationKeys } from '../../src/oci/annotations.ts';
import { sourceFiles } from './source-files.ts';

const files = sourceFiles();

function filesWith(isSpelled: (text: string) => boolean): readonly string[] {
  return files.filter(({ text }) => isSpelled(text)).map(({ path }) => path);
}

describe('an annotation name', () => {
  it.each(Object.values(annotationKeys))('%s is spelled in one file, also in comments', (key) => {
    expect(filesWith((text) => text.includes(key))).toEqual(['oci/annotations.ts']);
  });

  it('of a family that tools use is in that file', () => {
    const literal =
      /['"`](?:org\.opencontainers\.image|io\.containerd|org\.olareg|vnd\.docker\.reference|io\.moorage)\./;
    expect(filesWith((text) => literal.test(text))).toEqual(['oci/annotations.ts']);
  });
});

it('directories are made with those above them in one way, which returns also below /proc', () => {
  expect(filesWith((text) => /mkdir(?:Sync)?\([^;]*recursive/.test(text))).toEqual([]);
});

it('the names of our own files begin with what is spelled in one file', () => {
  const isSpelled = (text: string) => /['"`/^\\]\.moorage/.test(text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, ''));
  expect(filesWith(isSpelled)).toEqual(['storage/own-names.ts']);
});
