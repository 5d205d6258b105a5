// crane: pushes and pulls OCI layouts of one image or one index.

import { runCommand } from '../command.ts';
import { PulledLayouts } from '../material/pulled-layouts.ts';
import type { Tool, ToolKind } from './tool.ts';

export const crane: ToolKind = {
  name: 'crane',
  needsRoot: false,
  async open({ directory, env, command }): Promise<Tool> {
    const run = (...args: string[]) => runCommand(command, ['--insecure', ...args], { env });
    const pulled = new PulledLayouts(directory);
    const pull = (reference: string) => pulled.pull((target) => run('pull', '--format=oci', reference, target));
    const digest = async (reference: string) => (await run('digest', reference)).stdout.trim();
    const push = async (layout: string, reference: string) => void (await run('push', layout, reference));
    return {
      name: 'crane',
      keepsDigests: true,
      version: async () => `crane ${(await run('version')).stdout.trim()}`,
      pushImage: (image, reference) => push(image.layout, reference),
      pullImage: pull,
      pushIndex: (index, reference) => push(index.layout, reference),
      pullIndex: pull,
      forget: () => pulled.forget(),
      artifacts: { cannot: 'crane has no command for referrers' },
      removal: {
        // `crane delete` takes the tag away where it is given one; the manifest goes by its digest.
        async remove(reference) {
          const repository = reference.slice(0, reference.lastIndexOf(':'));
          await run('delete', `${repository}@${await digest(reference)}`);
        },
      },
    };
  },
};
