// docker: builds, pushes, pulls and runs with an engine of the runner's own.

import type { DockerEngine } from '../docker-engine.ts';
import type { TestImage } from '../material/test-images.ts';
import { digestsOfNames } from './container-storage.ts';
import type { Tool } from './tool.ts';

export function dockerTool(engine: DockerEngine): Tool {
  const push = async (image: TestImage, reference: string) => {
    await engine.build(image.context, ['--tag', reference]);
    await engine.docker(['push', reference]);
  };
  const prune = () => engine.docker(['builder', 'prune', '--all', '--force']);
  const forget = async () => {
    const { stdout } = await engine.docker(['image', 'ls', '--quiet', '--no-trunc']);
    const images = [...new Set(stdout.split('\n').filter((line) => line !== ''))];
    if (images.length > 0) await engine.docker(['image', 'rm', '--force', ...images]);
    await prune();
  };
  const pull = async (reference: string) => {
    // The build cache holds the layers, too: without pruning it a pull would find them all there.
    await engine.docker(['image', 'rm', '--force', reference]);
    await prune();
    await engine.docker(['pull', reference]);
    const { stdout } = await engine.docker(['image', 'inspect', '--format', '{{json .RepoDigests}}', reference]);
    return digestsOfNames(JSON.parse(stdout) as string[]);
  };
  return {
    name: 'docker',
    keepsDigests: false,
    async version() {
      const { stdout } = await engine.docker(['version', '--format', '{{.Client.Version}} {{.Server.Version}}']);
      const [client, server] = stdout.trim().split(' ');
      return `docker ${client}, dockerd ${server}`;
    },
    pushImage: push,
    pullImage: pull,
    /** One tag per platform, gathered by `docker manifest`, as people do who have no buildx. */
    async pushIndex(index, reference) {
      const parts = ['amd64', 'arm64'].map((architecture) => ({ architecture, name: `${reference}-${architecture}` }));
      for (const { architecture, name } of parts) {
        await engine.build(index.context, ['--platform', `linux/${architecture}`, '--tag', name]);
        await engine.docker(['push', name]);
      }
      await engine.docker(['manifest', 'create', '--insecure', reference, ...parts.map(({ name }) => name)]);
      await engine.docker(['manifest', 'push', '--insecure', '--purge', reference]);
    },
    pullIndex: pull,
    forget,
    artifacts: { cannot: 'docker has no command for referrers' },
    removal: { cannot: 'docker has no command to delete from a registry' },
  };
}

/** What a container of the image prints. */
export async function dockerRun(engine: DockerEngine, reference: string): Promise<string> {
  return (await engine.docker(['run', '--rm', '--network', 'host', reference])).stdout.trim();
}
