// A real server with a small heap: what one client pushes must not end it, nor keep it from answering others.
import { expect, it } from 'vitest';
import { blobOf, type Content, imageManifest } from '../support/content.ts';
import { startMoorage } from './moorage-process.ts';

const subject = blobOf('subject', 'application/vnd.oci.image.manifest.v1+json');
const config = blobOf('{}', 'application/vnd.oci.empty.v1+json');

function referrer(at: number): Content {
  const annotations = { at: `${at}`, text: 'x'.repeat(8 * 1024 * 1024 - 2_000) };
  return imageManifest({ artifactType: 'a/b', config, layers: 0, subject, annotations });
}

// 24 of them are twice the heap.
it('takes referrers of 8 MiB of annotations without end, and lists them', { timeout: 600_000 }, async () => {
  const environment = { NODE_OPTIONS: '--max-old-space-size=96' };
  const moorage = await startMoorage(['--listen', '127.0.0.1:0'], { environment });
  const { url } = await moorage.ready();
  for (let at = 0; at < 24; at += 1) {
    const { bytes, digest, descriptor } = referrer(at);
    const answer = await fetch(`${url}/v2/app/manifests/${digest}`, {
      method: 'PUT',
      headers: { 'content-type': descriptor.mediaType },
      body: bytes,
    });
    expect([at, answer.status]).toEqual([at, 201]);
  }
  const listed = await fetch(`${url}/v2/app/referrers/${subject.digest}`);
  const { manifests } = (await listed.json()) as { manifests: { annotations: Record<string, string> }[] };
  expect(manifests).toHaveLength(24);
  expect(manifests.map(({ annotations }) => Object.keys(annotations))).toEqual(
    manifests.map(() => ['io.moorage.annotations.omitted']),
  );
});
