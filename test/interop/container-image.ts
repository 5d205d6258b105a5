// The container image: built from the Containerfile on base images made here, and by scripts/build-image.mjs without an engine.

import { buildBaseImages, certificatesPath } from './base-image.ts';
import type { CheckList } from './checks.ts';
import type { DockerEngine } from './docker-engine.ts';
import { checkBuilt } from './image-checks.ts';
import { checkLayoutImage } from './layout-image.ts';
import type { Machine } from './machine.ts';
import { writeNpmSecret } from './npm-configuration.ts';
import { projectFile } from './project-files.ts';
import { startEngine } from './tools/all-tools.ts';

const bases = { node: 'moorage-interop/base', runtime: 'moorage-interop/runtime' };
const built = 'moorage-interop/moorage';

/** Needs root, docker and busybox; each is a listed skip where it is missing. */
export async function checkContainerImage(machine: Machine, checks: CheckList): Promise<void> {
  let engine: DockerEngine | undefined;
  try {
    const subject = 'container image';
    const ready = await checks.check(subject, 'builds on base images made here', async () => {
      engine = await startEngine(machine);
      await buildBaseImages(machine, engine, bases);
      return await buildImage(machine, engine);
    });
    if (ready && engine !== undefined) await checkBuilt({ machine, checks, engine, subject, image: built });
    if (engine !== undefined) await checkLayoutImage(machine, checks, engine);
  } finally {
    await engine?.stop();
  }
}

async function buildImage(machine: Machine, engine: DockerEngine): Promise<string> {
  const secret = await writeNpmSecret(machine, certificatesPath);
  const on = ['--build-arg', `NODE_IMAGE=${bases.node}`, '--build-arg', `RUNTIME_IMAGE=${bases.runtime}`];
  const file = ['--file', projectFile('packaging/container/Containerfile')];
  const args = [...file, ...on, '--secret', `id=npmrc,src=${secret}`, '--tag', built];
  await engine.build(projectFile('.'), args, { timeoutMs: 600_000 });
  const size = async (image: string) =>
    Number((await engine.docker(['image', 'inspect', '--format', '{{.Size}}', image])).stdout);
  return `${(((await size(built)) - (await size(bases.runtime))) / 1e6).toFixed(1)} MB on top of the base image`;
}
