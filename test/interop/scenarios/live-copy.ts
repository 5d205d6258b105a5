// One real `skopeo copy` of 600 MB into a layout that the server is writing at the same time. skopeo writes index.json
// in place, from a copy it read when it started: what was pushed meanwhile must be there again once both are at rest.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expectEqual, expectNoneLost, expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { type Descriptor, layoutEntries, refNameAnnotation } from '../material/layout-directory.ts';
import { layoutOf } from './open-directory.ts';

const repository = 'interop/live-copy';
const copiedBytes = 600 * 1000 * 1000;
const pauseMs = 25;
/** How long after the last write the registry may take to put the file right. */
const restMs = 10_000;

export const liveCopy: Scenario = async (lab) => {
  await lab.checks.check('skopeo', 'copies 600 MB into the live layout beside our pushes', () => copyBesidePushes(lab));
};

async function copyBesidePushes(lab: Lab): Promise<string> {
  const { registry } = lab;
  const directory = layoutOf(lab, { repository });
  const foreign = await lab.images.large('live-copy', copiedBytes);
  const pushed = await lab.images.image('live-copy-pushed');
  const start = registry.reference(repository, 'first');
  const skopeo = (...args: string[]) => lab.run('skopeo', args);
  await skopeo('--insecure-policy', 'copy', '--dest-tls-verify=false', `oci:${pushed.layout}:v1`, `docker://${start}`);
  const { bytes, mediaType } = await registry.manifest(repository, 'first');

  const tags = ['first'];
  let copying = true;
  const push = async () => {
    // A few more after the copy has ended: it is the last rewrite of skopeo that erases them.
    for (let after = 0; copying || after < 10; after += copying ? 0 : 1) {
      const tag = `pushed-${tags.length}`;
      await registry.pushManifest(repository, tag, mediaType, bytes);
      tags.push(tag);
      await delay(pauseMs);
    }
  };
  const copy = skopeo('--insecure-policy', 'copy', `oci:${foreign.layout}:${foreign.tag}`, `oci:${directory}:copied`);
  const copied = copy.finally(() => {
    copying = false;
  });
  await Promise.all([copied, push()]);
  expectThat(tags.length > 20, `only ${tags.length} pushes beside the copy`);

  const seconds = await settled(lab, directory, [...tags, 'copied']);
  expectEqual((await registry.manifest(repository, 'copied')).digest, foreign.digest, "skopeo's manifest");
  for (const blob of await registry.blobsOf(repository, 'copied')) {
    expectEqual(await registry.status(`/v2/${repository}/blobs/${blob}`, 'HEAD'), 200, `HEAD of skopeo's blob ${blob}`);
  }
  return `${tags.length} tags of ours and skopeo's one are there, ${seconds} s after the last write`;
}

/** Waits until nothing is missing, on the server and in index.json; answers how long that took. */
async function settled({ registry }: Lab, directory: string, wanted: readonly string[]): Promise<string> {
  const started = Date.now();
  for (;;) {
    try {
      expectNoneLost(await registry.tags(repository), wanted, 'on the server');
      expectNoneLost((await layoutEntries(directory)).map(nameOf), wanted, 'in index.json');
      JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'));
      return ((Date.now() - started) / 1000).toFixed(1);
    } catch (error) {
      if (Date.now() - started > restMs) throw error;
      await delay(250);
    }
  }
}

function nameOf(entry: Descriptor): string {
  return entry.annotations?.[refNameAnnotation] ?? '';
}
