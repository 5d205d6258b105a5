// What of the machine the run uses: where commands are, and an environment without the user's own configuration.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { type Environment, findExecutable, runCommand } from './command.ts';

export class Machine {
  /** Everything the run writes is below. */
  readonly scratch: string;
  readonly env: Environment;
  readonly #directories: readonly string[];

  private constructor(scratch: string, env: Environment, directories: readonly string[]) {
    this.scratch = scratch;
    this.env = env;
    this.#directories = directories;
  }

  /** `clients` is where install-clients.sh put what it built. */
  static async prepare(clients: string | undefined): Promise<Machine> {
    const scratch = await mkdtemp(join(tmpdir(), 'moorage-interop-'));
    const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
    const directories = [
      clients ?? join(cache, 'moorage-clients'),
      // Before PATH: docker and dockerd have to be of one package, and another client may be installed beside it.
      ...['/usr/bin', '/usr/sbin', '/bin', '/sbin'],
      ...(process.env.PATH ?? '').split(delimiter),
    ];
    const own = (name: string) => join(scratch, name);
    for (const name of ['home', 'run', 'tmp']) await mkdir(own(name), { mode: 0o700 });
    // podman and buildah look for a signature policy here first: the machine's own decides nothing.
    const policy = { default: [{ type: 'insecureAcceptAnything' }] };
    await mkdir(own('home/.config/containers'), { recursive: true });
    await writeFile(own('home/.config/containers/policy.json'), JSON.stringify(policy));
    // They also refuse to start when the file is named and not there.
    await writeFile(own('auth.json'), '{}');
    const env = {
      PATH: directories.join(delimiter),
      LANG: 'C.UTF-8',
      HOME: own('home'),
      TMPDIR: own('tmp'),
      XDG_RUNTIME_DIR: own('run'),
      DOCKER_CONFIG: own('home'),
      REGISTRY_AUTH_FILE: own('auth.json'),
    };
    return new Machine(scratch, env, directories);
  }

  executable(name: string): string | undefined {
    return findExecutable(name, this.#directories);
  }

  /** What install-clients.sh built the command from; undefined when it did not. */
  async builtFrom(path: string): Promise<string | undefined> {
    try {
      return (await readFile(join(dirname(path), `.${basename(path)}.stamp`), 'utf8')).split(' ')[0];
    } catch {
      // No stamp: the command came with the machine.
      return undefined;
    }
  }

  /** Unmounts what podman and dockerd left mounted below the scratch directory. */
  async unmount(): Promise<void> {
    const table = existsSync('/proc/self/mounts') ? await readFile('/proc/self/mounts', 'utf8') : '';
    const mounts = table.split('\n').map((line) => line.split(' ')[1] ?? '');
    for (const mount of mounts.filter((path) => path.startsWith(`${this.scratch}/`)).toReversed()) {
      await runCommand('umount', [mount], { env: this.env });
    }
  }

  async remove(): Promise<void> {
    await rm(this.scratch, { recursive: true, force: true });
  }
}
