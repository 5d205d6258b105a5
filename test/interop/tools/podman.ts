// podman: builds, pushes and pulls with a storage of its own below the runner's scratch directory.

import { runCommand } from '../command.ts';
import { digestsOfNames, ownStorage, StorageClient } from './container-storage.ts';
import type { Tool, ToolKind } from './tool.ts';

export const podman: ToolKind = {
  name: 'podman',
  needsRoot: true,
  async open({ directory, env, command }): Promise<Tool> {
    const storage = await ownStorage(directory, 'overlay');
    const global = [...storage, '--cgroup-manager=cgroupfs', '--events-backend=none'];
    const run = (...args: string[]) => runCommand(command, [...global, ...args], { env });
    const client = new StorageClient(run);
    const pull = async (reference: string) => {
      await client.pull(reference);
      const { stdout } = await run('image', 'inspect', '--format', '{{json .RepoDigests}}', reference);
      return digestsOfNames(JSON.parse(stdout) as string[]);
    };
    return {
      name: 'podman',
      keepsDigests: false,
      version: async () => (await run('--version')).stdout.trim(),
      pushImage: (image, reference) => client.pushImage(image, reference),
      pullImage: pull,
      pushIndex: (index, reference) => client.pushIndex(index, reference),
      pullIndex: pull,
      forget: () => client.forget(),
      artifacts: { cannot: 'podman 4 has no command for referrers' },
      removal: { cannot: 'podman has no command to delete from a registry' },
    };
  },
};
