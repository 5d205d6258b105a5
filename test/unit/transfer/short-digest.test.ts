// The beginning of a digest, as it was printed, and the manifest that it means.
import { expect, it } from 'vitest';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { resolveReference } from '../../../src/transfer/short-digest.ts';
import { imageIndex, imageManifest } from '../../support/content.ts';
import { MemorySource } from '../../support/memory-source.ts';

const app = parseRepositoryName('team/app');
const children = Array.from({ length: 40 }, (_, n) => imageManifest({ annotations: { n: String(n) } }));
const index = imageIndex({ manifests: children.slice(0, 20) });

function source(): MemorySource {
  const opened = new MemorySource().addManifest('team/app', index, 'v1', 'v2');
  for (const [at, child] of children.entries()) opened.addImage('team/app', child, ...(at < 20 ? [] : [`t${at}`]));
  return opened;
}

const resolve = (text: string) => resolveReference(source(), app, { kind: 'short-digest', text });

it.each([19, 30, 71])('of a tag, %i characters of it', async (length) => {
  const { digest } = index;
  expect(await resolve(digest.slice(0, length))).toEqual({ kind: 'digest', digest });
  expect(await resolve(digest.slice(7, length))).toEqual({ kind: 'digest', digest });
});

it('of a platform, which has no tag', async () => {
  const digest = children[3]?.digest ?? '';
  expect(await resolve(digest.slice(0, 19))).toEqual({ kind: 'digest', digest });
});

it('what begins several names them, and what begins none says so', async () => {
  await expect(resolve('sha256:')).rejects.toThrow(
    /21 manifests of team.app have a digest that begins with sha256:: sha256:/,
  );
  await expect(resolve('sha512:0123')).rejects.toThrow('no manifest of team/app in the source');
});

it('anything else stays as it is', async () => {
  const reference = { kind: 'digest', digest: index.digest } as const;
  expect(await resolveReference(source(), app, reference)).toBe(reference);
});
