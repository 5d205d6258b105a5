// oras: artifacts, referrers and copies between registries and OCI layouts.

import { mkdtemp, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { runCommand } from '../command.ts';
import { PulledLayouts } from '../material/pulled-layouts.ts';
import type { TestImage } from '../material/test-images.ts';
import type { Tool, ToolKind } from './tool.ts';

/** What `oras discover --format json` prints, as far as it is read here. */
interface Discovered {
  readonly referrers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string }[];
}

export function discoveredDigests(json: string): string[] {
  const found = JSON.parse(json) as Discovered;
  return (found.referrers ?? found.manifests ?? []).map((referrer) => referrer.digest);
}

export const oras: ToolKind = {
  name: 'oras',
  needsRoot: false,
  async open({ directory, env, command }): Promise<Tool> {
    const run = (args: readonly string[], cwd = directory) => runCommand(command, args, { env, cwd });
    const push = async (image: TestImage, reference: string) => {
      await run(['cp', '--to-plain-http', '--from-oci-layout', `${image.layout}:${image.tag}`, reference]);
    };
    const pulled = new PulledLayouts(directory);
    const pull = (reference: string) =>
      pulled.pull((target) => run(['cp', '--from-plain-http', reference, '--to-oci-layout', `${target}:pulled`]));
    return {
      name: 'oras',
      keepsDigests: true,
      version: async () => `oras ${/Version:\s+(\S+)/.exec((await run(['version'])).stdout)?.[1]}`,
      pushImage: push,
      pullImage: pull,
      pushIndex: push,
      pullIndex: pull,
      forget: () => pulled.forget(),
      artifacts: {
        // oras keeps the path of a file as it is named, so it is named without a directory.
        async push(reference, artifactType, file) {
          const named = `${basename(file)}:text/plain`;
          await run(['push', '--plain-http', '--artifact-type', artifactType, reference, named], dirname(file));
        },
        async pull(reference) {
          const target = await mkdtemp(join(directory, 'files-'));
          await run(['pull', '--plain-http', '--output', target, reference]);
          return await readFile(join(target, 'artifact.txt'));
        },
        async attach(subject, artifactType, file) {
          const named = `${basename(file)}:text/plain`;
          await run(['attach', '--plain-http', '--artifact-type', artifactType, subject, named], dirname(file));
        },
        async referrers(subject) {
          const { stdout } = await run(['discover', '--plain-http', '--format', 'json', '--depth', '1', subject]);
          return discoveredDigests(stdout);
        },
      },
      removal: {
        async remove(reference) {
          await run(['manifest', 'delete', '--plain-http', '--force', reference]);
        },
      },
    };
  },
};
