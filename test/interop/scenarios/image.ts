// An image: every tool pushes one and pulls it back; docker also runs what it pulled.

import { Missing } from '../checks.ts';
import { expectEqual, expectIncludes } from '../expect.ts';
import type { Scenario } from '../lab.ts';
import { dockerRun } from '../tools/docker.ts';

export const image: Scenario = async ({ checks, tools, images, registry, engine, left }) => {
  for (const tool of tools) {
    const repository = `interop/${tool.name}/image`;
    const reference = registry.reference(repository, 'v1');
    const source = await images.image(`${tool.name}-image`);
    await checks.check(tool.name, 'an image', async () => {
      await tool.pushImage(source, reference);
      const served = await registry.manifest(repository, 'v1');
      if (tool.keepsDigests) expectEqual(served.digest, source.digest, 'the digest pushed');
      expectIncludes(await registry.tags(repository), 'v1', 'the tags listed');
      expectIncludes(await tool.pullImage(reference), served.digest, 'the digest pulled');
      const { digest, mediaType } = served;
      left.push({ tool: tool.name, kind: 'image', repository, tag: 'v1', digest, mediaType });
      return digest;
    });
    if (tool.name !== 'docker' || engine === undefined) continue;
    await checks.check('docker', 'a container of it', async () => {
      if (!images.runnable) throw new Missing('needs busybox-static');
      const said = await dockerRun(engine, reference);
      expectEqual(said, source.message, 'what the container printed');
      return said;
    });
  }
};
