// A name of a type means one thing: whoever reads it need not look from where it was imported.
import { expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

const declaration = /^(export )?(?:abstract )?(?:class|interface|type) (\w+)/gm;

it('no type has the name of one that another file exports', () => {
  const declared = sourceFiles().flatMap(({ path, text }) =>
    [...text.matchAll(declaration)].map(([, exported, name = '']) => ({
      path,
      name,
      isExported: exported !== undefined,
    })),
  );
  const exported = declared.filter(({ isExported }) => isExported);
  const twice = exported.flatMap(({ path, name }) =>
    declared.filter((each) => each.name === name && each.path !== path).map((each) => `${name}: ${path}, ${each.path}`),
  );
  expect(twice).toEqual([]);
});
