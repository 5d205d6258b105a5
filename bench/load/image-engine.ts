// A Docker engine that pushes and pulls a whole image, as a user's does: one for the whole benchmark, begun when it is first needed.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { findExecutable, runCommand } from '../../test/interop/command.ts';
import { DockerEngine } from '../../test/interop/docker-engine.ts';
import { endAllProcesses } from '../../test/interop/running-processes.ts';
import { randomBytesOf } from '../content/random-bytes.ts';

/** Before PATH: docker and dockerd have to be of one package, and another client may be installed beside it. */
const DIRECTORIES = ['/usr/bin', '/usr/sbin', '/bin', '/sbin', ...(process.env.PATH ?? '').split(delimiter)];
const IMAGE = 'bench:prepared';

/** Why there can be no engine here; undefined when there can. */
export function engineMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'a Docker engine is started by root only';
  const missing = ['docker', 'dockerd'].filter((name) => findExecutable(name, DIRECTORIES) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(' and ')}: not installed (Debian package docker.io)`;
}

export class ImageEngine {
  readonly layers = 10;
  readonly layerBytes: number;
  readonly #directory: string;
  #started: Promise<DockerEngine> | undefined;

  /** Everything it keeps is below `directory`. */
  constructor(directory: string, layerBytes: number) {
    this.#directory = directory;
    this.layerBytes = layerBytes;
  }

  /** Milliseconds of `docker push` of the image into a repository of the server at `host`. */
  async push(host: string): Promise<number> {
    const engine = await this.#engine();
    await this.#haveImage(engine);
    const name = nameAt(host);
    await engine.docker(['tag', IMAGE, name]);
    const ms = await this.#timed(engine, 'push', name);
    await engine.docker(['rmi', name]);
    return ms;
  }

  /** Milliseconds of `docker pull` of the image from the server at `host`, by an engine that has none of its layers. */
  async pull(host: string): Promise<number> {
    const engine = await this.#engine();
    const { stdout } = await engine.docker(['image', 'ls', '--quiet', '--no-trunc']);
    const images = [...new Set(stdout.split('\n').filter((line) => line !== ''))];
    if (images.length > 0) await engine.docker(['rmi', '--force', ...images]);
    // The build cache holds the layers, too.
    await engine.docker(['builder', 'prune', '--all', '--force']);
    return this.#timed(engine, 'pull', nameAt(host));
  }

  async stop(): Promise<void> {
    if (this.#started === undefined) return;
    const engine = await this.#started.catch(() => undefined);
    await engine?.stop();
    await endAllProcesses();
    const below = `${this.#directory}/`;
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((path) => path.startsWith(below));
    for (const mount of mounts.toReversed()) await runCommand('umount', [mount], { env: environment() });
  }

  #engine(): Promise<DockerEngine> {
    mkdirSync(this.#directory, { recursive: true });
    const [docker = '', dockerd = ''] = ['docker', 'dockerd'].map((name) => findExecutable(name, DIRECTORIES));
    this.#started ??= DockerEngine.start(docker, dockerd, this.#directory, environment());
    return this.#started;
  }

  async #haveImage(engine: DockerEngine): Promise<void> {
    const { stdout } = await engine.docker(['image', 'ls', '--quiet', IMAGE]);
    if (stdout.trim() !== '') return;
    const context = join(this.#directory, 'context');
    mkdirSync(context);
    const serials = Array.from({ length: this.layers }, (_, serial) => serial);
    for (const serial of serials) writeFileSync(join(context, `${serial}`), randomBytesOf(serial, this.layerBytes));
    const lines = ['FROM scratch', ...serials.map((serial) => `COPY ${serial} /${serial}`)];
    writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
    await engine.build(context, ['--tag', IMAGE]);
    rmSync(context, { recursive: true });
  }

  async #timed(engine: DockerEngine, command: 'push' | 'pull', name: string): Promise<number> {
    const begin = performance.now();
    await engine.docker([command, '--quiet', name]);
    return performance.now() - begin;
  }
}

function nameAt(host: string): string {
  return `${host}/bench/image:latest`;
}

function environment(): Record<string, string> {
  return { PATH: DIRECTORIES.join(delimiter), LANG: 'C.UTF-8' };
}
