// Finds the clients on the machine and opens those that are there; each one that is not is a listed skip.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckList, Missing } from '../checks.ts';
import { DockerEngine } from '../docker-engine.ts';
import type { Machine } from '../machine.ts';
import type { RegistryClient } from '../registry-client.ts';
import { buildah } from './buildah.ts';
import { crane } from './crane.ts';
import { dockerTool } from './docker.ts';
import { oras } from './oras.ts';
import { podman } from './podman.ts';
import { regctl } from './regctl.ts';
import { skopeo } from './skopeo.ts';
import type { Tool, ToolKind } from './tool.ts';

const kinds: readonly ToolKind[] = [podman, skopeo, buildah, oras, crane, regctl];

export const toolNames: readonly string[] = ['docker', ...kinds.map((kind) => kind.name)];

export interface OpenTools {
  readonly tools: readonly Tool[];
  readonly engine: DockerEngine | undefined;
}

/** Opens the tools named in `only`, all when it is empty. */
export async function openTools(
  machine: Machine,
  registry: RegistryClient,
  checks: CheckList,
  only: readonly string[],
): Promise<OpenTools> {
  const wanted = (name: string) => only.length === 0 || only.includes(name);
  const tools: Tool[] = [];
  let engine: DockerEngine | undefined;
  if (wanted('docker')) {
    await checks.check('docker', 'is there', async () => {
      engine = await startEngine(machine);
      const tool = dockerTool(engine);
      tools.push(tool);
      return await tool.version();
    });
  }
  for (const kind of kinds.filter(({ name }) => wanted(name))) {
    await checks.check(kind.name, 'is there', async () => {
      const { tool, builtFrom } = await openTool(kind, machine, registry);
      tools.push(tool);
      return builtFrom ?? (await tool.version());
    });
  }
  return { tools, engine };
}

/** Starts a Docker engine below the scratch directory; `Missing` where that cannot be done. */
export async function startEngine(machine: Machine): Promise<DockerEngine> {
  const docker = machine.executable('docker');
  const dockerd = machine.executable('dockerd');
  if (docker === undefined || dockerd === undefined) throw new Missing('docker and dockerd are not installed');
  if (process.getuid?.() !== 0) throw new Missing('needs root to start dockerd');
  return await DockerEngine.start(docker, dockerd, join(machine.scratch, 'engine'), machine.env);
}

async function openTool(kind: ToolKind, machine: Machine, registry: RegistryClient) {
  const command = machine.executable(kind.name);
  if (command === undefined) throw new Missing('not installed (test/interop/install-clients.sh installs it)');
  if (kind.needsRoot && process.getuid?.() !== 0) throw new Missing('needs root for a storage of its own');
  const directory = join(machine.scratch, kind.name);
  await mkdir(directory, { recursive: true });
  const tool = await kind.open({ directory, env: machine.env, registry, command });
  return { tool, builtFrom: await machine.builtFrom(command) };
}
