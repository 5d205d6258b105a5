// skopeo: copies between registries and OCI layouts.

import { runCommand } from '../command.ts';
import { PulledLayouts } from '../material/pulled-layouts.ts';
import type { TestImage } from '../material/test-images.ts';
import type { Tool, ToolKind } from './tool.ts';

export const skopeo: ToolKind = {
  name: 'skopeo',
  needsRoot: false,
  async open({ directory, env, command }): Promise<Tool> {
    const run = (...args: string[]) => runCommand(command, ['--insecure-policy', ...args], { env });
    const push = (scope: readonly string[], image: TestImage, reference: string) =>
      run('copy', ...scope, '--dest-tls-verify=false', `oci:${image.layout}:${image.tag}`, `docker://${reference}`);
    const pulled = new PulledLayouts(directory);
    const pull = (scope: readonly string[], reference: string) =>
      pulled.pull((target) =>
        run('copy', ...scope, '--src-tls-verify=false', `docker://${reference}`, `oci:${target}:pulled`),
      );
    return {
      name: 'skopeo',
      keepsDigests: true,
      version: async () => (await run('--version')).stdout.trim(),
      pushImage: async (image, reference) => void (await push([], image, reference)),
      pullImage: (reference) => pull([], reference),
      pushIndex: async (index, reference) => void (await push(['--all'], index, reference)),
      pullIndex: (reference) => pull(['--all'], reference),
      forget: () => pulled.forget(),
      artifacts: { cannot: 'skopeo has no command for referrers' },
      removal: {
        async remove(reference) {
          await run('delete', '--tls-verify=false', `docker://${reference}`);
        },
      },
    };
  },
};
