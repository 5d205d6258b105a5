// The history of repositories that share a layout: each has its own, also while what else is in the file changes what they are called.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseReference } from '../../../../src/oci/reference.ts';
import { imageManifest } from '../../../support/content.ts';
import { writeLayout } from '../../../support/fixture-layouts.ts';
import { movesOf } from '../../../support/moves.ts';
import { pushImage, tagsOf } from '../../../support/pushes.ts';
import { directoryRegistry } from '../../../support/registry-under-test.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const [a, b] = ['a', 'b'].map((name) => imageManifest({ annotations: { name } })) as [
  ReturnType<typeof imageManifest>,
  ReturnType<typeof imageManifest>,
];

it('is of each by itself, and survives that only one is left', async () => {
  const root = await temporaryDirectory();
  writeLayout(join(root, 'site'), 'generated/linuxkit/cache');
  const { repository } = await directoryRegistry({ root });
  const [alpine, init] = [repository('site/library/alpine'), repository('site/linuxkit/init')];
  await pushImage(alpine, a, 'v1');
  await pushImage(init, b, 'v1');
  expect(await movesOf(alpine, { a, b })).toEqual(['v1 push none -> a']);
  expect(await movesOf(init, { a, b })).toEqual(['v1 push none -> b']);
  // By its long name it is the same.
  expect(await movesOf(repository('site/docker.io/library/alpine'), { a, b })).toEqual(['v1 push none -> a']);
  for (const tag of await tagsOf(alpine)) await alpine.manifests.delete(parseReference(tag));
  // What is left is the layout's own now, and no tag of it moved.
  const left = repository('site');
  expect(await tagsOf(left)).toEqual(['abc', 'v1']);
  expect(await movesOf(left, { a, b })).toEqual(['v1 push none -> b']);
  await pushImage(left, a, 'v1');
  expect((await movesOf(left, { a, b })).at(-1)).toBe('v1 push b -> a');
});
