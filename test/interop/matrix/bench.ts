// The place where the tools of the matrix work: the server with the contents, a directory for each tool, its commands.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Missing } from '../checks.ts';
import { runCommand } from '../command.ts';
import type { DockerEngine } from '../docker-engine.ts';
import type { Machine } from '../machine.ts';
import { projectFile } from '../project-files.ts';
import { RegistryClient } from '../registry-client.ts';
import { OwnServer } from '../server-under-test.ts';
import { type MatrixContents, pushContents, pushImage, type TaggedContent } from './contents.ts';
import { judgeMount } from './judge.ts';
import type { Bench, Written } from './matrix-tool.ts';

const main = projectFile('dist/main.js');
const mount = 'mounted';

export class MatrixLab {
  readonly #machine: Machine;
  readonly #engine: DockerEngine | undefined;
  readonly #directory: string;
  readonly #server: OwnServer;
  readonly #contents: MatrixContents;

  private constructor(
    machine: Machine,
    engine: DockerEngine | undefined,
    directory: string,
    server: OwnServer,
    contents: MatrixContents,
  ) {
    this.#machine = machine;
    this.#engine = engine;
    this.#directory = directory;
    this.#server = server;
    this.#contents = contents;
  }

  static async open(machine: Machine, engine: DockerEngine | undefined): Promise<MatrixLab> {
    // Short: podman takes 50 characters, and a socket's path 107.
    const directory = join(machine.scratch, 'm');
    const root = join(directory, 'registry');
    await mkdir(root, { recursive: true });
    const server = await OwnServer.start(main, root, join(directory, 'moorage.log'));
    const contents = await pushContents(new RegistryClient(server.host));
    return new MatrixLab(machine, engine, directory, server, contents);
  }

  async close(): Promise<void> {
    await this.#server.stop();
  }

  /** Serves what was written and judges it as a client. */
  async judge({ path, expected, serveArgs = [] }: Written): Promise<string> {
    return await this.#serving([...serveArgs, `${mount}=${path}`], (registry) => judgeMount(registry, mount, expected));
  }

  async bench(tool: string): Promise<Bench> {
    const directory = join(this.#directory, tool);
    await mkdir(directory, { recursive: true });
    const machine = this.#machine;
    const root = join(this.#directory, 'registry');
    const run: Bench['run'] = async (command, args, env = {}) => {
      const path = machine.executable(command);
      if (path === undefined) throw new Missing(`${command} is not installed`);
      return (await runCommand(path, args, { env: { ...machine.env, ...env }, cwd: directory })).stdout;
    };
    let count = 0;
    return {
      directory,
      root,
      env: machine.env,
      contents: this.#contents,
      engine: this.#engine,
      host: this.#server.host,
      reference: ({ repository, tag }) => `${this.#server.host}/${repository}:${tag}`,
      layoutOf: ({ repository }) => join(root, repository),
      fresh: (name) => join(directory, `${++count}-${name}`),
      run,
      executable: (command) => machine.executable(command),
      version: async (command, ask) =>
        (await machine.builtFrom(machine.executable(command) ?? ''))?.split('@')[1] ?? (await ask()).trim(),
      exportTo: (target, profile, contents) => this.#export(target, profile, contents),
      pushThrough: (written, path) => this.#pushThrough(written, path),
    };
  }

  async #export(target: string, profile: string, contents: readonly TaggedContent[]): Promise<string> {
    const references = contents.map(({ repository, tag }) => `${this.#server.host}/${repository}:${tag}`);
    const args = [main, 'export', ...references, target, '--profile', profile];
    await runCommand(process.execPath, args, { env: this.#machine.env, cwd: this.#directory });
    return target;
  }

  async #pushThrough({ path, serveArgs = [] }: Written, repository: string): Promise<TaggedContent> {
    return await this.#serving([...serveArgs, `${mount}=${path}`], async (registry) => {
      const pushed = await pushImage(registry, `${mount}/${repository}`, 'v3');
      return { ...pushed, repository };
    });
  }

  async #serving<T>(args: readonly string[], work: (registry: RegistryClient) => Promise<T>): Promise<T> {
    const server = await OwnServer.mounting(main, args, join(this.#directory, 'mounts.log'));
    try {
      return await work(new RegistryClient(server.host));
    } finally {
      await server.stop();
    }
  }
}
