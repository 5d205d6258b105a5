// The programs that documents name: where they are here, what they find in a directory of their own, and the engines behind two of them.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { program, withoutOurs } from '../e2e/moorage-process.ts';
import { findExecutable } from '../interop/command.ts';
import { startContainerd } from '../interop/containerd.ts';
import { DockerEngine } from '../interop/docker-engine.ts';

export const clients = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'moorage-clients');
const searched = [clients, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];

/** What a program needs besides itself. */
const companions: Readonly<Record<string, readonly string[]>> = {
  docker: ['dockerd'],
  ctr: ['containerd'],
};

/** Of a program that a block needs, what is not here; engines are started by root only. */
export function missingOf(name: string): readonly string[] {
  const beside = companions[name] ?? [];
  const missing = [name, ...beside].filter((each) => findExecutable(each, searched) === undefined);
  return beside.length > 0 && process.getuid?.() !== 0 ? [...missing, 'root'] : missing;
}

/** What the shell of a document finds: our program, the clients, and a home without settings of who runs the tests. */
export async function environmentIn(directory: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(directory, '.bin');
  const runtime = join(directory, '.run');
  const settings = join(directory, '.config/containers');
  for (const path of [bin, settings]) await mkdir(path, { recursive: true });
  await mkdir(runtime, { mode: 0o700 });
  await writeFile(join(bin, 'moorage'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  await chmod(join(bin, 'moorage'), 0o755);
  const storage = ['root', 'run'].map((name) => JSON.stringify(join(directory, '.containers', name)));
  const files = {
    'policy.json': JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }),
    'storage.conf': `[storage]\ndriver = "vfs"\ngraphroot = ${storage[0]}\nrunroot = ${storage[1]}\n`,
    'containers.conf': '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(settings, name), content);
  return {
    ...withoutOurs(process.env),
    PATH: [bin, ...searched].join(delimiter),
    HOME: directory,
    XDG_RUNTIME_DIR: runtime,
    CONTAINERS_STORAGE_CONF: join(settings, 'storage.conf'),
    CONTAINERS_CONF: join(settings, 'containers.conf'),
    COSIGN_PASSWORD: '',
    NO_COLOR: '1',
  };
}

/** Starts what stands behind the program, until the end of the test, and says by which variables the program finds it. */
export async function engineOf(name: string, directory: string): Promise<NodeJS.ProcessEnv> {
  const path = (command: string) => findExecutable(command, searched) ?? command;
  const machine = { PATH: searched.join(delimiter), HOME: directory };
  if (name === 'docker') {
    const engine = await DockerEngine.start(
      path('docker'),
      path('dockerd'),
      join(directory, '.docker-engine'),
      machine,
    );
    onTestFinished(() => engine.stop());
    return { DOCKER_HOST: engine.env.DOCKER_HOST };
  }
  if (name === 'ctr') {
    const programs = { containerd: path('containerd'), ctr: path('ctr') };
    const { address, stop } = await startContainerd(programs, join(directory, '.containerd'));
    onTestFinished(stop);
    return { CONTAINERD_ADDRESS: address, CONTAINERD_NAMESPACE: 'moorage', CONTAINERD_SNAPSHOTTER: 'native' };
  }
  return {};
}
