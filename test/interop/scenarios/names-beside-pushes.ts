// A layout of several repositories by their full names, served by its path: skopeo and oras copy into one of them, in place and without a
// lock, while clients push through the server into the other. Once both are at rest nothing is lost, and every name is in the tools' style.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expectNoneLost } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { layoutEntries, refNameAnnotation } from '../material/layout-directory.ts';
import { nameHost } from '../matrix/contents.ts';
import { projectFile } from '../project-files.ts';
import { RegistryClient } from '../registry-client.ts';
import { OwnServer } from '../server-under-test.ts';

const mount = 'named';
const copies = 10;
const clients = 2;
const restMs = 15_000;

export const namesBesidePushes: Scenario = async (lab) => {
  if (lab.server.root === undefined) return;
  await lab.checks.check('skopeo', 'copies beside oras into a layout of full names while clients push', () =>
    besides(lab),
  );
};

async function besides(lab: Lab): Promise<string> {
  const { layout: source } = await lab.images.image('names-beside-pushes');
  const layout = join(lab.scratch, mount);
  const skopeo = (name: string) =>
    lab.run('skopeo', ['--insecure-policy', 'copy', `oci:${source}:v1`, `oci:${layout}:${name}`]);
  const oras = (name: string) =>
    lab.run('oras', ['cp', '--from-oci-layout', `${source}:v1`, '--to-oci-layout-path', layout, name]);
  const theirs: string[] = [];
  const copy = async (by: typeof skopeo, repository: string, tag: string) => {
    const name = `${nameHost}/${repository}:${tag}`;
    await by(name);
    theirs.push(name);
  };
  await copy(skopeo, 'team/ours', 'first');
  await copy(oras, 'team/theirs', 'first');
  const server = await OwnServer.mounting(
    projectFile('dist/main.js'),
    [`${mount}=${layout}`],
    join(lab.scratch, 'named.log'),
  );
  try {
    const registry = new RegistryClient(server.host);
    let copying = true;
    const pushing = Promise.all(
      Array.from({ length: clients }, (_, client) => pushTags(registry, `client-${client}`, () => copying)),
    );
    for (let at = 0; at < copies; at += 1) {
      await copy(skopeo, 'team/theirs', `skopeo-${at}`);
      await copy(oras, 'team/theirs', `oras-${at}`);
    }
    copying = false;
    const ours = (await pushing).flat().map((tag) => `${nameHost}/team/ours:${tag}`);
    const wanted = [...theirs, ...ours];
    // Nobody asks the server anything: it heals by itself, and does not if that takes longer than this.
    let names = await namesOf(layout);
    for (const deadline = Date.now() + restMs; Date.now() < deadline && wanted.some((name) => !names.has(name)); ) {
      await delay(500);
      names = await namesOf(layout);
    }
    expectNoneLost(names, wanted, 'in index.json');
    for (const repository of ['team/ours', 'team/theirs']) {
      const tags = (await registry.tags(`${mount}/${repository}`)).map((tag) => `${nameHost}/${repository}:${tag}`);
      expectNoneLost(
        tags,
        wanted.filter((name) => name.startsWith(`${nameHost}/${repository}:`)),
        'by the server',
      );
    }
    return `${ours.length} pushed, ${theirs.length} copied`;
  } finally {
    await server.stop();
  }
}

/** Until the others have done; the tags that were acknowledged. */
async function pushTags(registry: RegistryClient, prefix: string, goesOn: () => boolean): Promise<string[]> {
  const repository = `${mount}/team/ours`;
  const { bytes, mediaType } = await registry.manifest(repository, 'first');
  const tags: string[] = [];
  while (goesOn()) {
    const tag = `${prefix}-${tags.length}`;
    await registry.pushManifest(repository, tag, mediaType, bytes);
    tags.push(tag);
    await delay(20);
  }
  return tags;
}

async function namesOf(layout: string): Promise<Set<string>> {
  return new Set((await layoutEntries(layout)).flatMap((entry) => entry.annotations?.[refNameAnnotation] ?? []));
}
