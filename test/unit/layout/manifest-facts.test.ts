// What a layout must know of a manifest.
import { describe, expect, it } from 'vitest';
import { readFacts } from '../../../src/layout/manifest-facts.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { blobOf, configType, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';

const factsOf = ({ bytes, digest, descriptor }: ReturnType<typeof imageIndex>) =>
  readFacts(bytes, digest, descriptor.mediaType);

describe('the facts of a manifest', () => {
  const image = imageManifest({ annotations: { large: 'x'.repeat(1_000) } });

  it('are without its annotations when it refers to nothing', () => {
    expect(factsOf(image)).toEqual({
      subject: undefined,
      descriptor: { ...image.descriptor, artifactType: configType },
      children: [],
    });
  });

  it('are all that a response says of a referrer', () => {
    const note = referrerOf(image, 'a/b', { k: 'v' });
    expect(factsOf(note)).toMatchObject({
      subject: image.digest,
      descriptor: { ...note.descriptor, artifactType: 'a/b', annotations: { k: 'v' } },
    });
  });

  it('of an index are the children that can be served', () => {
    const blake3 = { ...image.descriptor, digest: `blake3:${'0'.repeat(64)}` as never };
    const layer = { ...image.descriptor, mediaType: 'text/plain' };
    const index = imageIndex({ manifests: [image, { descriptor: blake3 }, { descriptor: layer }] });
    expect(factsOf(index)).toMatchObject({ children: [image.descriptor] });
  });

  it('are none of what is no manifest, or is taken for another', () => {
    expect(factsOf(blobOf('{}', mediaTypes.imageManifest))).toBe('none');
    expect(readFacts(image.bytes, image.digest, mediaTypes.imageIndex)).toBe('none');
    expect(readFacts(image.bytes, image.digest, 'application/xml')).toBe('none');
  });
});
