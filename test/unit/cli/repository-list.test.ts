// What `moorage serve` lists at the start: a command for each repository, and none that cannot work.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryLines } from '../../../src/cli/repository-list.ts';
import { blobPath, blobsOf, entryOf, serve, writeStranger } from '../../hostile/stranger.ts';
import { imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const image = imageManifest();
const address = { authority: 'localhost:5000', scheme: 'http', isLocalhost: true, orasFlag: '' } as const;

async function layoutWith(tagged: Pick<typeof image, 'descriptor'>, ...blobs: Parameters<typeof writeStranger>[1][]) {
  const directory = await temporaryDirectory();
  const all = blobs.flatMap((each) => each?.blobs ?? []);
  const layout = writeStranger(join(directory, 'app'), { entries: [entryOf(tagged, 'v1')], blobs: all });
  const lines = async () => repositoryLines((await serve(`app=${layout}:ro`)).registry, address, []);
  return { layout, lines };
}

it('is a command to paste where the image is whole', async () => {
  const { lines } = await layoutWith(image, { blobs: blobsOf(image) });
  expect(await lines()).toEqual(['  1 repository', '    docker pull localhost:5000/app:v1', '']);
  const artifact = referrerOf(image, 'application/x');
  const other = await layoutWith(artifact, { blobs: blobsOf(artifact) });
  expect(await other.lines()).toContain('    oras pull localhost:5000/app:v1');
});

it('names helm for a chart, with the version that its tag stands for', async () => {
  const chart = referrerOf(image, 'application/vnd.cncf.helm.config.v1+json');
  const directory = await temporaryDirectory();
  const entries = [entryOf(chart, '0.1.0_build.2')];
  const layout = writeStranger(join(directory, 'notes'), { entries, blobs: blobsOf(chart) });
  const { registry } = await serve(`charts/notes=${layout}:ro`);
  expect(await repositoryLines(registry, address, [])).toContain(
    '    helm pull --plain-http oci://localhost:5000/charts/notes --version 0.1.0+build.2',
  );
});

it('names the image, and not what cosign keeps under tags beside it', async () => {
  const kept = `${image.digest.replace(':', '-')}.sig`;
  const directory = await temporaryDirectory();
  const entries = [entryOf(image, '1.0'), entryOf(image, kept)];
  const layout = writeStranger(join(directory, 'app'), { entries, blobs: blobsOf(image) });
  const { registry } = await serve(`app=${layout}:ro`);
  expect(await repositoryLines(registry, address, [])).toContain(
    '    docker pull localhost:5000/app:1.0    (and 1 other tag)',
  );
});

it('says what is missing of one that cannot be pulled', async () => {
  const { layout, lines } = await layoutWith(image, { blobs: blobsOf(image) });
  rmSync(blobPath(layout, image.config.digest));
  expect(await lines()).toContain(`    localhost:5000/app:v1    cannot be pulled: ${image.config.digest} is not there`);
});

it('takes an index for whole when one of its platforms is', async () => {
  const other = imageManifest({ annotations: { n: 'other' } });
  const index = imageIndex({ manifests: [other, image] });
  const sparse = await layoutWith(index, { blobs: [index, ...blobsOf(image)] });
  expect(await sparse.lines()).toContain('    docker pull localhost:5000/app:v1');
  const empty = await layoutWith(index, { blobs: [index] });
  expect(await empty.lines()).toContain(`    localhost:5000/app:v1    cannot be pulled: ${other.digest} is not there`);
});
