// How much a list of referrers may be, before anything of it is read or encoded.
import { describe, expect, it } from 'vitest';
import { ReferrersBound } from '../../../../src/layout/manifests/referrers-json.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import type { Referrer } from '../../../../src/oci/manifest-facts.ts';
import { mediaTypes } from '../../../../src/oci/media-type.ts';

const mebibyte = 1024 * 1024;

function referrer(size: number, withheldBytes: number): Referrer {
  return {
    descriptor: { mediaType: mediaTypes.imageManifest, digest: digestOf(Buffer.from('x')), size },
    withheldBytes,
  };
}

function admitted(each: Referrer): number {
  const bound = new ReferrersBound(4 * mebibyte);
  let count = 0;
  while (count < 100_000 && bound.admits(each)) count += 1;
  return count;
}

describe('a list of referrers', () => {
  it('has as many as its JSON has room for, their annotations included', () => {
    const listed = JSON.stringify(referrer(500, 0).descriptor).length + 1;
    expect(admitted(referrer(500, 0))).toBe(Math.floor((4 * mebibyte) / listed));
    const annotated = JSON.stringify({ ...referrer(500, 0).descriptor, annotations: 'x'.repeat(99_998) }).length + 1;
    expect(admitted(referrer(500, 100_000))).toBe(Math.floor((4 * mebibyte) / annotated));
  });

  it('has no more than 64 MiB of manifests that must be read for their annotations', () => {
    expect(admitted(referrer(8 * mebibyte, 3_000))).toBe(8);
    expect(admitted(referrer(8 * mebibyte, 0))).toBeGreaterThan(1_000);
  });
});
