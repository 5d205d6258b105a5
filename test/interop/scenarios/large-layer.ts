// A layer of 1 GiB that does not compress: pushed and pulled back by every tool, its bytes hashed after the pull.

import { expectEqual, expectIncludes, expectThat } from '../expect.ts';
import type { Scenario } from '../lab.ts';

const tag = 'large';

export const largeLayer: Scenario = async ({ checks, tools, images, registry, largeBytes }) => {
  const large = await images.large('large', largeBytes);
  const name = `a layer of ${largeBytes / 1024 ** 2} MiB`;
  for (const tool of tools) {
    const repository = `interop/${tool.name}/large-layer`;
    const reference = registry.reference(repository, tag);
    const pushed = await checks.check(tool.name, name, async () => {
      const source = await images.relabel(`${tool.name}-large`, large);
      const started = performance.now();
      await tool.pushImage(source, reference);
      const between = performance.now();
      const served = await registry.manifest(repository, tag);
      if (tool.keepsDigests) expectEqual(served.digest, source.digest, 'the digest pushed');
      const { layers } = JSON.parse(served.bytes.toString()) as { layers: { size: number }[] };
      expectThat((layers[0]?.size ?? 0) >= largeBytes, `the layer has ${layers[0]?.size} bytes only`);
      expectIncludes(await tool.pullImage(reference), served.digest, 'the digest pulled');
      const seconds = (from: number, to: number) => `${((to - from) / 1000).toFixed(1)} s`;
      return `push ${seconds(started, between)}, pull ${seconds(between, performance.now())}`;
    });
    if (!pushed) continue;
    // What it left in the registry and with the tool would fill small disks.
    await checks.check(tool.name, `deleted: ${name}`, async () => {
      const { digest } = await registry.manifest(repository, tag);
      const blobs = await registry.blobsOf(repository, tag);
      await registry.delete(`/v2/${repository}/manifests/${digest}`);
      for (const blob of blobs) await registry.delete(`/v2/${repository}/blobs/${blob}`);
      await tool.forget();
      return undefined;
    });
  }
};
