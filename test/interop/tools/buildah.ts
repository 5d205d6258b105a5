// buildah: builds, pushes and pulls with a storage of its own below the runner's scratch directory.

import { runCommand } from '../command.ts';
import { digestsOfNames, ownStorage, StorageClient } from './container-storage.ts';
import type { Tool, ToolKind } from './tool.ts';

/** What `buildah inspect --type image` prints, as far as it is read here. */
interface Inspected {
  readonly FromImageDigest: string;
}

export const buildah: ToolKind = {
  name: 'buildah',
  needsRoot: true,
  async open({ directory, env, command }): Promise<Tool> {
    const storage = await ownStorage(directory, 'overlay');
    const run = (...args: string[]) => runCommand(command, [...storage, ...args], { env });
    const client = new StorageClient(run);
    const pull = async (reference: string) => {
      await client.pull(reference);
      const { stdout } = await run('images', '--json', '--digests', reference);
      const images = JSON.parse(stdout) as { digest: string }[];
      const inspected = await run('inspect', '--type', 'image', reference);
      const { FromImageDigest } = JSON.parse(inspected.stdout) as Inspected;
      return [...images.map((image) => image.digest), ...digestsOfNames([FromImageDigest])];
    };
    return {
      name: 'buildah',
      keepsDigests: false,
      version: async () => (await run('--version')).stdout.trim(),
      pushImage: (image, reference) => client.pushImage(image, reference),
      pullImage: pull,
      pushIndex: (index, reference) => client.pushIndex(index, reference),
      pullIndex: pull,
      forget: () => client.forget(),
      artifacts: { cannot: 'buildah has no command for referrers' },
      removal: { cannot: 'buildah has no command to delete from a registry' },
    };
  },
};
