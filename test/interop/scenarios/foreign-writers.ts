// Other programs write into the directory while the server runs: the server has to show it with the next request.

import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expectEqual, expectIncludes } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { layoutOf } from './open-directory.ts';

const repository = 'interop/foreign';

export const foreignWriters: Scenario = async (lab) => {
  const { checks, images, registry } = lab;
  const pushed = await images.image('foreign-pushed');
  const bySkopeo = await images.image('foreign-skopeo');
  const byOras = await images.image('foreign-oras');
  await checks.check('skopeo', 'writes into the directory of the running server', async () => {
    const directory = layoutOf(lab, { repository });
    const skopeo = (...args: string[]) => lab.run('skopeo', args);
    const copy = (...args: string[]) => skopeo('--insecure-policy', 'copy', ...args);
    await copy(
      '--dest-tls-verify=false',
      `oci:${pushed.layout}:v1`,
      `docker://${registry.reference(repository, 'v1')}`,
    );
    await copy(`oci:${bySkopeo.layout}:v1`, `oci:${directory}:by-skopeo`);
    expectEqual((await registry.manifest(repository, 'by-skopeo')).digest, bySkopeo.digest, 'the digest served');
    expectIncludes(await registry.tags(repository), 'by-skopeo', 'the tags served');
    await expectBlobs(lab, 'by-skopeo');
    return 'served at once';
  });
  await checks.check('oras', 'writes into the directory of the running server', async () => {
    const directory = layoutOf(lab, { repository });
    const oras = (...args: string[]) => lab.run('oras', args);
    await oras('cp', '--from-oci-layout', `${byOras.layout}:v1`, '--to-oci-layout', `${directory}:by-oras`);
    expectEqual((await registry.manifest(repository, 'by-oras')).digest, byOras.digest, 'the digest served');
    await expectBlobs(lab, 'by-oras');
    return 'served at once';
  });
  await checks.check('oras', 'attaches in the directory of the running server', () => attachInDirectory(lab));
  await checks.check('http', 'pushes beside them, and all of it stays', async () => {
    const { bytes, mediaType } = await registry.manifest(repository, 'v1');
    await registry.pushManifest(repository, 'v2', mediaType, bytes);
    const tags = await registry.tags(repository);
    for (const tag of ['v1', 'v2', 'by-skopeo', 'by-oras']) expectIncludes(tags, tag, 'the tags served');
    return tags.join(' ');
  });
};

async function attachInDirectory(lab: Lab): Promise<string> {
  const { registry } = lab;
  const { digest } = await registry.manifest(repository, 'by-oras');
  const file = join(lab.scratch, 'foreign-referrer.txt');
  await writeFile(file, 'attached in the directory\n');
  const subject = `${layoutOf(lab, { repository })}:by-oras`;
  const type = 'application/vnd.example.foreign.v1';
  const args = ['attach', '--oci-layout', '--artifact-type', type, subject, `${basename(file)}:text/plain`];
  await lab.run('oras', args, dirname(file));
  const [referrer, ...others] = await registry.referrers(repository, digest);
  expectEqual(others.length, 0, 'further referrers');
  expectEqual(await registry.status(`/v2/${repository}/manifests/${referrer}`), 200, 'GET of the attached manifest');
  return `${referrer} is served at once`;
}

async function expectBlobs({ registry }: Lab, tag: string): Promise<void> {
  for (const digest of await registry.blobsOf(repository, tag)) {
    expectEqual(await registry.status(`/v2/${repository}/blobs/${digest}`), 200, `GET of blob ${digest}`);
  }
}
