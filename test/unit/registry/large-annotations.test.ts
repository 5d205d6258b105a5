// Referrers with large annotations: copied up to a mebibyte each, never kept, and no reason to refuse anybody's push.
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { referrersTagOf } from '../../../src/oci/referrers-tag.ts';
import { imageManifest, referrerOf } from '../../support/content.ts';
import { pull, pushManifest } from '../../support/pushes.ts';
import { memoryRegistry, registryOver } from '../../support/registry-under-test.ts';

const subject = digestOf(Buffer.from('subject'));
const every = { artifactTypes: [] };
const mebibyte = 1024 * 1024;

const noteOf = (length: number, at = 0) => referrerOf(subject, 'a/b', { at: `${at}`, text: 'ä'.repeat(length / 2) });
const listedAs = (note: ReturnType<typeof noteOf>) => ({
  ...note.descriptor,
  artifactType: 'a/b',
  annotations: JSON.parse(note.bytes.toString()).annotations,
});

describe('a referrer with large annotations', () => {
  it.each([1_000, 100_000, 1_000_000])(
    'of %i bytes is listed with all of them, also after a restart',
    async (length) => {
      const { repository, store } = await memoryRegistry();
      const note = noteOf(length);
      await pushManifest(repository('a'), note.digest, note);
      expect((await repository('a').referrers.list(subject, every)).manifests).toEqual([listedAs(note)]);
      const restarted = registryOver(store).repository('a');
      expect((await restarted.referrers.list(subject, every)).manifests).toEqual([listedAs(note)]);
      const response = await pull(repository('a'), referrersTagOf(subject));
      expect(JSON.parse(response.bytes.toString()).manifests).toEqual([listedAs(note)]);
    },
  );

  it('beyond a mebibyte is listed with their size alone, and is served as it was pushed', async () => {
    const { repository } = await memoryRegistry();
    const note = noteOf(mebibyte);
    await pushManifest(repository('a'), note.digest, note);
    const bytes = Buffer.byteLength(JSON.stringify(listedAs(note).annotations));
    const annotations = { 'io.moorage.annotations.omitted': `${bytes}` };
    expect((await repository('a').referrers.list(subject, every)).manifests).toEqual([
      { ...listedAs(note), annotations },
    ]);
    expect((await pull(repository('a'), note.digest)).bytes.equals(note.bytes)).toBe(true);
  });
});

describe('many of them', () => {
  it('are all taken, and listed in pages: the response that would be too large is left as it is', async () => {
    const { repository } = await memoryRegistry();
    const notes = Array.from({ length: 10 }, (_, at) => noteOf(900_000, at));
    for (const each of notes) await pushManifest(repository('a'), each.digest, each);
    const response = await pull(repository('a'), referrersTagOf(subject));
    expect(JSON.parse(response.bytes.toString()).manifests).toHaveLength(4);
    const image = imageManifest();
    await pushManifest(repository('a'), 'v1', image);
    const first = await repository('a').referrers.list(subject, every);
    expect(first.manifests).toHaveLength(4);
    expect(first.next).toBe(first.manifests.at(-1)?.digest);
    expect((await pull(repository('a'), 'v1')).digest).toBe(image.digest);
  });
});
