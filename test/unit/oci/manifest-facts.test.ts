// What a layout must know of a manifest.
import { describe, expect, it } from 'vitest';
import { outlineOf } from '../../../src/layout/manifests/manifest-outline.ts';
import { RegistryError } from '../../../src/oci/error-code.ts';
import { isWhole, keptOf, omittedAnnotations } from '../../../src/oci/manifest-facts.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { blobOf, type Content, configType, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';

const small = imageManifest();
const image = imageManifest({ annotations: { large: 'x'.repeat(1_000) } });
const noteOf = (length: number) => referrerOf(small, 'a/b', { k: 'x'.repeat(length - '{"k":""}'.length) });

function outline({ bytes, digest, descriptor }: Content) {
  return outlineOf(bytes, digest, descriptor.mediaType);
}

describe('the facts of a manifest', () => {
  it('are without its annotations when it refers to nothing', () => {
    expect(outline(image).facts).toEqual({
      subject: undefined,
      descriptor: { ...image.descriptor, artifactType: configType },
      withheldBytes: 0,
      children: [],
    });
  });

  it('are all that a response says of a referrer', () => {
    const note = referrerOf(image, 'a/b', { k: 'v' });
    expect(outline(note).facts).toMatchObject({
      subject: image.digest,
      descriptor: { ...note.descriptor, artifactType: 'a/b', annotations: { k: 'v' } },
    });
  });

  it('of an index are the children that can be served', () => {
    const blake3 = { ...image.descriptor, digest: `blake3:${'0'.repeat(64)}` as never };
    const layer = { ...image.descriptor, mediaType: 'text/plain' };
    const index = imageIndex({ manifests: [image, { descriptor: blake3 }, { descriptor: layer }] });
    expect(outline(index).facts).toMatchObject({ children: [image.descriptor] });
  });

  it('are none of what is no manifest, or is taken for another', () => {
    expect(() => outline(blobOf('{}', mediaTypes.imageManifest))).toThrow(RegistryError);
    expect(() => outlineOf(image.bytes, image.digest, mediaTypes.imageIndex)).toThrow(RegistryError);
    expect(() => outlineOf(image.bytes, image.digest, 'application/xml')).toThrow(RegistryError);
  });
});

describe('the annotations of a referrer', () => {
  it('are kept up to two kilobytes of JSON', () => {
    expect(outline(noteOf(2_048)).facts).toMatchObject({ withheldBytes: 0, descriptor: { annotations: {} } });
  });

  it('beyond that are withheld: their size is known, and their JSON goes along', () => {
    const { facts, withheld } = outline(noteOf(2_049));
    expect(facts).toMatchObject({ withheldBytes: 2_049, descriptor: { digest: noteOf(2_049).digest } });
    expect(facts.descriptor.annotations).toBeUndefined();
    expect(withheld?.toString()).toBe(JSON.stringify({ k: 'x'.repeat(2_041) }));
  });

  it('beyond a mebibyte of JSON are none but their size', () => {
    expect(outline(noteOf(1_048_576)).facts.withheldBytes).toBe(1_048_576);
    const { facts, withheld } = outline(noteOf(1_048_577));
    expect(facts).toMatchObject({ withheldBytes: 0, descriptor: { annotations: omittedAnnotations(1_048_577) } });
    expect(facts.descriptor.annotations).toEqual({ 'io.moorage.annotations.omitted': '1048577' });
    expect(withheld).toBeUndefined();
  });

  it('count in bytes as JSON has them', () => {
    expect(outline(referrerOf(small, 'a/b', { ä: '"' })).facts.withheldBytes).toBe(0);
    const quotes = outline(referrerOf(small, 'a/b', { k: '"'.repeat(1_500) }));
    expect(quotes.facts.withheldBytes).toBe('{"k":""}'.length + 3_000);
  });
});

describe('what an entry keeps', () => {
  it('is all, but not more than some kilobytes of children', () => {
    const childrenOf = (count: number) => Array.from({ length: count }, (_, at) => imageManifest({ layers: at + 1 }));
    const few = outline(imageIndex({ manifests: childrenOf(24) })).facts;
    expect(keptOf(few)).toBe(few);
    expect(isWhole(keptOf(few))).toBe(true);
    const many = keptOf(outline(imageIndex({ manifests: childrenOf(25) })).facts);
    expect(many.children).toBeUndefined();
    expect(isWhole(many)).toBe(false);
  });
});
