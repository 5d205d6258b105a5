// A multi-arch index: every tool pushes one of two platforms, with its images, and pulls it back.

import { expectEqual, expectIncludes, expectThat } from '../expect.ts';
import type { Scenario } from '../lab.ts';

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

interface ImageIndex {
  readonly manifests: readonly { readonly digest: string; readonly platform?: { readonly architecture: string } }[];
}

export const multiArch: Scenario = async ({ checks, tools, images, registry, left }) => {
  for (const tool of tools) {
    const repository = `interop/${tool.name}/multi-arch`;
    const reference = registry.reference(repository, 'v1');
    const source = await images.index(`${tool.name}-index`);
    await checks.check(tool.name, 'a multi-arch index', async () => {
      await tool.pushIndex(source, reference);
      const served = await registry.manifest(repository, 'v1');
      expectIncludes(indexTypes, served.mediaType, 'the media type served');
      if (tool.keepsDigests) expectEqual(served.digest, source.digest, 'the digest pushed');
      const { manifests } = JSON.parse(served.bytes.toString()) as ImageIndex;
      for (const architecture of ['amd64', 'arm64']) {
        const child = manifests.find((entry) => entry.platform?.architecture === architecture);
        expectThat(child !== undefined, `the index has no entry for ${architecture}`);
        if (child !== undefined) await registry.manifest(repository, child.digest);
      }
      expectIncludes(await tool.pullIndex(reference), served.digest, 'the digest pulled');
      const { digest, mediaType } = served;
      left.push({ tool: tool.name, kind: 'index', repository, tag: 'v1', digest, mediaType });
      return digest;
    });
  }
};
