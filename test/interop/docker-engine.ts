// A Docker engine of the runner's own: started by hand beside whatever runs on the machine, without bridge or iptables.

import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CommandOptions, type Environment, runCommand, tryCommand } from './command.ts';
import { endProcess, track } from './running-processes.ts';

const startMs = 60_000;
const stopMs = 20_000;

export class DockerEngine {
  readonly directory: string;
  readonly env: Environment;
  /** The client. */
  readonly command: string;
  readonly #process: ChildProcess;

  private constructor(docker: string, daemon: ChildProcess, directory: string, env: Environment) {
    this.command = docker;
    this.#process = daemon;
    this.directory = directory;
    this.env = env;
  }

  /** Starts `dockerd` with all its state below `directory`, and answers once it takes commands. */
  static async start(docker: string, dockerd: string, directory: string, machine: Environment): Promise<DockerEngine> {
    const config = join(directory, 'config');
    await mkdir(config, { recursive: true });
    const socket = `unix://${join(directory, 'docker.sock')}`;
    const env = {
      ...machine,
      DOCKER_HOST: socket,
      DOCKER_CONFIG: config,
      DOCKER_BUILDKIT: '1',
      BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
    };
    const log = openSync(join(directory, 'dockerd.log'), 'a');
    const daemon = spawn(dockerd, engineFlags(directory, socket), { env, stdio: ['ignore', log, log] });
    track(daemon);
    const engine = new DockerEngine(docker, daemon, directory, env);
    const exited = new Promise<never>((_resolve, reject) => {
      daemon.once('error', reject);
      daemon.once('exit', (code) => reject(new Error(`dockerd ended with ${code}; see ${directory}/dockerd.log`)));
    });
    try {
      await Promise.race([engine.#ready(), exited]);
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  /** Runs a docker command against this engine. */
  docker(args: readonly string[], options: Partial<CommandOptions> = {}) {
    return runCommand(this.command, args, { ...options, env: { ...this.env, ...options.env } });
  }

  /** Builds from `context`: with BuildKit, and on the machine's own network, as the engine has no bridge. */
  build(context: string, args: readonly string[], options: Partial<CommandOptions> = {}) {
    return this.docker(['build', '--progress', 'plain', '--network', 'host', ...args, context], options);
  }

  async stop(): Promise<void> {
    await endProcess(this.#process, stopMs);
  }

  async #ready(): Promise<void> {
    for (const deadline = Date.now() + startMs; Date.now() < deadline; await delay(200)) {
      const { code } = await tryCommand(this.command, ['version'], { env: this.env, timeoutMs: startMs });
      if (code === 0) return;
    }
    throw new Error(`dockerd does not answer after ${startMs / 1000} s; see ${this.directory}/dockerd.log`);
  }
}

function engineFlags(directory: string, socket: string): string[] {
  // A containerd that already runs is shared with the machine's own engine: our containers get a namespace apart.
  const namespace = `moorage-interop-${process.pid}`;
  return [
    '--iptables=false',
    '--bridge=none',
    ...['--data-root', join(directory, 'data')],
    ...['--exec-root', join(directory, 'exec')],
    ...['--pidfile', join(directory, 'docker.pid')],
    ...['--host', socket],
    ...['--containerd-namespace', namespace],
    ...['--containerd-plugins-namespace', `${namespace}-plugins`],
  ];
}
