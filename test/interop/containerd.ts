// A containerd of the runner's own, beside whatever runs on the machine, without the plugin for Kubernetes.

import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tryCommand } from './command.ts';
import { endProcess, track } from './running-processes.ts';

const startMs = 30_000;
const stopMs = 10_000;

export interface RunningContainerd {
  /** Of `ctr --address`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts one with all its state below `directory`, and answers once `ctr` reaches it. `programs` are paths. */
export async function startContainerd(
  programs: { readonly containerd: string; readonly ctr: string },
  directory: string,
): Promise<RunningContainerd> {
  const address = join(directory, 'containerd.sock');
  await mkdir(directory, { recursive: true });
  const config = [
    'version = 2',
    `root = ${JSON.stringify(join(directory, 'root'))}`,
    `state = ${JSON.stringify(join(directory, 'state'))}`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `address = ${JSON.stringify(address)}`,
  ];
  await writeFile(join(directory, 'config.toml'), `${config.join('\n')}\n`);
  const child = spawn(programs.containerd, ['--config', join(directory, 'config.toml')], { stdio: 'ignore' });
  track(child);
  const stop = () => endProcess(child, stopMs);
  for (const deadline = Date.now() + startMs; Date.now() < deadline; await delay(200)) {
    const { code } = await tryCommand(programs.ctr, ['--address', address, 'version'], { env: {} });
    if (code === 0) return { address, stop };
  }
  await stop();
  throw new Error('containerd does not answer');
}
