// regctl: copies, artifacts and referrers; the `ocidir://` scheme opens layouts.

import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { PulledLayouts } from '../material/pulled-layouts.ts';
import type { TestImage } from '../material/test-images.ts';
import type { Tool, ToolKind } from './tool.ts';

/** `regctl artifact list` with this format prints one digest a line. */
export const referrerDigestsFormat = '{{range .Descriptors}}{{println .Digest}}{{end}}';

export const regctl: ToolKind = {
  name: 'regctl',
  needsRoot: false,
  async open({ directory, env: machine, registry, command }): Promise<Tool> {
    const env = { ...machine, REGCTL_CONFIG: join(directory, 'regctl.json') };
    const run = (...args: string[]) => runCommand(command, args, { env });
    await run('registry', 'set', '--tls', 'disabled', '--skip-check', registry.host);
    const push = async (image: TestImage, reference: string) => {
      await run('image', 'copy', `ocidir://${image.layout}:${image.tag}`, reference);
    };
    const pulled = new PulledLayouts(directory);
    const pull = (reference: string) =>
      pulled.pull((target) => run('image', 'copy', reference, `ocidir://${target}:pulled`));
    return {
      name: 'regctl',
      keepsDigests: true,
      version: async () => `regctl ${(await run('version', '--format', '{{.VCSTag}}')).stdout.trim()}`,
      pushImage: push,
      pullImage: pull,
      pushIndex: push,
      pullIndex: pull,
      forget: () => pulled.forget(),
      artifacts: {
        async push(reference, artifactType, file) {
          await run('artifact', 'put', '--artifact-type', artifactType, '--file', file, reference);
        },
        async pull(reference) {
          return Buffer.from((await run('artifact', 'get', reference)).stdout);
        },
        async attach(subject, artifactType, file) {
          await run('artifact', 'put', '--artifact-type', artifactType, '--file', file, '--subject', subject);
        },
        async referrers(subject) {
          const { stdout } = await run('artifact', 'list', '--format', referrerDigestsFormat, subject);
          return stdout.split('\n').filter((line) => line !== '');
        },
      },
      removal: {
        // A tag is enough: regctl resolves it and deletes by digest.
        async remove(reference) {
          await run('manifest', 'delete', '--force-tag-dereference', reference);
        },
      },
    };
  },
};
