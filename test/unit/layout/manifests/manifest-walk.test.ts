// The one walk over manifests: each once, in the order in which they were found, never more than the bound, and what a search finds below.
import { describe, expect, it } from 'vitest';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { createManifestCaches } from '../../../../src/layout/manifests/manifest-caches.ts';
import { requiredBy } from '../../../../src/layout/manifests/manifest-outline.ts';
import { ManifestReader } from '../../../../src/layout/manifests/manifest-reader.ts';
import { ManifestWalk } from '../../../../src/layout/manifests/manifest-walk.ts';
import { outlinesBelow, UnsearchableError } from '../../../../src/layout/manifests/outlines-below.ts';
import { type Digest, digestOf } from '../../../../src/oci/digest.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import { blobOf, type Content, imageIndex, imageManifest, referrerOf } from '../../../support/content.ts';
import { silentLog } from '../../../support/silent-log.ts';

interface Node {
  readonly digest: Digest;
}

const node = (name: string): Node => ({ digest: digestOf(Buffer.from(name)) });
const [a, b, c, d] = [node('a'), node('b'), node('c'), node('d')];
const below = new Map<Digest, readonly Node[]>([
  [a.digest, [b, c, b, a]],
  [b.digest, [d]],
  [c.digest, [a, d]],
]);

async function visited(walk: ManifestWalk<Node>): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  for await (const { digest } of walk) {
    found.push(digest);
    await walk.add(below.get(digest) ?? []);
  }
  return found;
}

const digestsOf = (...nodes: readonly Node[]) => nodes.map(({ digest }) => digest);

describe('a walk', () => {
  it('visits each once, whatever lists it, in the order in which they were found', async () => {
    const walk = new ManifestWalk<Node>();
    await walk.add([a]);
    expect(await visited(walk)).toEqual(digestsOf(a, b, c, d));
    expect(walk).toMatchObject({ isWhole: true, size: 4 });
  });

  it('goes on where it was, without what it saw before', async () => {
    const walk = new ManifestWalk<Node>();
    await walk.add([b]);
    expect(await visited(walk)).toEqual(digestsOf(b, d));
    await walk.add([a]);
    expect(await visited(walk)).toEqual(digestsOf(a, c));
  });

  it.each([
    [4, [a, b, c, d], true],
    [3, [a, b, c], false],
    [1, [a], false],
    [0, [], false],
  ])('of at most %i says whether that was all', async (limit, expected, isWhole) => {
    const walk = new ManifestWalk<Node>(limit);
    await walk.add([a]);
    expect(await visited(walk)).toEqual(digestsOf(...expected));
    expect(walk).toMatchObject({ isWhole, size: limit });
  });
});

async function readerOver(...contents: readonly Content[]): Promise<ManifestReader> {
  const store = new MemoryStore();
  const keys = layoutKeys('');
  for (const { bytes, digest } of contents) await store.write(keys.blob(digest), bytes);
  return new ManifestReader({ store, keys, caches: createManifestCaches(), log: silentLog, facts: undefined });
}

async function referencesBelow(roots: readonly Content[], reader: ManifestReader, limit = 10) {
  const found: (readonly [Digest, readonly string[]])[] = [];
  for await (const { facts, references } of outlinesBelow(
    roots.map((root) => root.descriptor),
    reader,
    limit,
  )) {
    found.push([facts.descriptor.digest, Array.from(references, ({ digest, role }) => `${role} ${digest}`)]);
  }
  return found;
}

describe('what entries lead to', () => {
  const foreign = blobOf('foreign', 'application/vnd.oci.image.layer.nondistributable.v1.tar');
  const image = imageManifest({ layers: [blobOf('layer'), foreign] });
  const note = referrerOf(image, 'a/b');
  const index = imageIndex({ manifests: [image, note, blobOf('no manifest', 'text/plain')] });

  it('comes with all that each refers to: config, layers, children, subject', async () => {
    const reader = await readerOver(image, note, index);
    expect(await referencesBelow([index, image], reader)).toEqual([
      [
        index.digest,
        [`required ${image.digest}`, `required ${note.digest}`, `required ${blobOf('no manifest').digest}`],
      ],
      [
        image.digest,
        [
          `required ${image.config.digest}`,
          `required ${blobOf('layer').digest}`,
          `non-distributable ${foreign.digest}`,
        ],
      ],
      [note.digest, [`required ${note.config.digest}`, `subject ${image.digest}`]],
    ]);
  });

  it('leaves out what is not there and what is no manifest', async () => {
    expect(await referencesBelow([index], await readerOver(index))).toHaveLength(1);
    const text = blobOf('text', 'text/plain');
    expect(await referencesBelow([text], await readerOver(text))).toEqual([]);
  });

  it('counts as what it says itself where an entry takes it for another type', async () => {
    const wrong = { ...index, descriptor: { ...index.descriptor, mediaType: image.descriptor.mediaType } };
    const found = await referencesBelow([wrong, index], await readerOver(image, index));
    expect(found.map(([digest]) => digest)).toEqual([index.digest, image.digest]);
  });

  it('is not searched where a manifest cannot be read, or more are listed than the bound', async () => {
    const store = new MemoryStore();
    const keys = layoutKeys('');
    await store.write(keys.blob(image.digest), Buffer.from('damaged'));
    const caches = createManifestCaches();
    const damaged = new ManifestReader({ store, keys, caches, log: silentLog, facts: undefined });
    await expect(referencesBelow([image], damaged)).rejects.toThrow(UnsearchableError);
    const whole = await readerOver(image, note, index);
    expect(await referencesBelow([index], whole, 3)).toHaveLength(3);
    await expect(referencesBelow([index], whole, 2)).rejects.toThrow('more than 2 manifests');
  });

  it('must have only some of it', async () => {
    const reader = await readerOver(image);
    for await (const outline of outlinesBelow([image.descriptor], reader, 1)) {
      const required = requiredBy(outline);
      const digests = () => Array.from(required, ({ digest }) => digest);
      expect(digests()).toEqual([image.config.digest, blobOf('layer').digest]);
      expect(digests()).toEqual(digests());
    }
  });
});
