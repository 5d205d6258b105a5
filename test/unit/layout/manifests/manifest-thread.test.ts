// Large manifests come out of their thread as they would have been read here. It runs compiled code: `npm test` builds first.
import { describe, expect, it } from 'vitest';
import { type ManifestOutline, outlineOf } from '../../../../src/layout/manifests/manifest-outline.ts';
import { readOutline } from '../../../../src/layout/manifests/manifest-thread.ts';
import { packed, unpacked } from '../../../../src/layout/manifests/packed-outline.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { mediaTypes } from '../../../../src/oci/media-type.ts';
import { blobOf, type Content, contentOf, imageIndex, imageManifest, referrerOf } from '../../../support/content.ts';

const subject = digestOf(Buffer.from('subject'));
const child = (at: number) => contentOf(Buffer.from(`child ${at}`), mediaTypes.imageManifest);
const children = Array.from({ length: 2_000 }, (_, at) => child(at));
const blake3 = { descriptor: { ...child(0).descriptor, digest: `blake3:${'0'.repeat(64)}` as never } };
const layers = Array.from({ length: 1_000 }, (_, at) => blobOf(`layer ${at}`, 'a type of\ntwo lines; x="y z"'));

function read({ bytes, digest, descriptor }: Content): ManifestOutline {
  return outlineOf(bytes, digest, descriptor.mediaType);
}

/** Each reference once: that a blob is named twice does not matter to anybody. */
function comparable({ facts, withheld, references }: ManifestOutline) {
  const each = new Set(Array.from(references, ({ digest, size, role }) => `${digest} ${size} ${role}`));
  return { facts, withheld: withheld?.toString(), references: [...each] };
}

const large = {
  'an index with children, and what cannot be served': imageIndex({ manifests: [...children, blake3, ...layers] }),
  'an image with layers, each twice': imageManifest({ layers: [...layers, ...layers] }),
  'a referrer whose annotations are withheld': referrerOf(subject, 'a/b', { text: 'ä\n'.repeat(50_000) }),
  'a referrer whose annotations are omitted': referrerOf(subject, 'a/b', { text: 'x'.repeat(2_000_000) }),
  'a referrer whose annotations are kept': imageManifest({ subject, annotations: { k: 'v' }, layers }),
};

describe.each(Object.entries(large))('%s', (_, content) => {
  it('says the same wherever it was read', async () => {
    expect(content.bytes.byteLength).toBeGreaterThan(64 * 1024);
    const there = await readOutline(content.bytes, content.digest, content.descriptor.mediaType);
    expect(comparable(there)).toEqual(comparable(read(content)));
  });

  it('can be asked for its references more than once', async () => {
    const there = await unpacked(packed(read(content)));
    const first = comparable(there).references;
    expect(first.length).toBeGreaterThan(0);
    expect(comparable(there).references).toEqual(first);
  });
});

describe('the thread', () => {
  it('has the work of large ones, and that of small ones is done at once', async () => {
    const isReadAtOnce = async ({ bytes, digest }: Content) => {
      let isRead = false;
      const outline = readOutline(bytes, digest, undefined).finally(() => {
        isRead = true;
      });
      // No message from another thread comes in between.
      for (let ticks = 0; ticks < 1_000; ticks += 1) await Promise.resolve();
      const wasRead = isRead;
      await outline;
      return wasRead;
    };
    expect(await isReadAtOnce(imageManifest())).toBe(true);
    expect(await isReadAtOnce(imageManifest({ layers }))).toBe(false);
  });

  it('refuses in the same words', async () => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [], config: {}, x: 'x'.repeat(100_000) }));
    const refusal = async () => readOutline(bytes, digestOf(bytes), mediaTypes.imageManifest);
    const here = () => outlineOf(bytes, digestOf(bytes), mediaTypes.imageManifest);
    const expected = expect.objectContaining({ code: 'MANIFEST_INVALID', status: 400, message: messageOf(here) });
    await expect(refusal()).rejects.toEqual(expected);
  });

  it('that fails over one says that it may be tried again, and reads the next', async () => {
    const { bytes, digest } = imageManifest({ layers });
    const refusal = readOutline(bytes, digest, (() => 'nothing that can be handed over') as never);
    await expect(refusal).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503 });
    expect((await readOutline(bytes, digest, undefined)).facts.descriptor.digest).toBe(digest);
  });

  it('takes many at once, and leaves their bytes alone', async () => {
    const contents = Object.values(large);
    const outlines = await Promise.all(contents.map((each) => readOutline(each.bytes, each.digest, undefined)));
    expect(outlines.map(({ facts }) => facts.descriptor.digest)).toEqual(contents.map(({ digest }) => digest));
    for (const { bytes, digest } of contents) expect(digestOf(bytes)).toBe(digest);
  });
});

function messageOf(refused: () => unknown): string {
  try {
    refused();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  throw new Error('it was not refused');
}
