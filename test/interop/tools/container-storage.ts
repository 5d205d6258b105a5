// podman and buildah share their storage and most of their flags; this is what is the same for both.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandResult } from '../command.ts';
import type { TestImage } from '../material/test-images.ts';

/** Flags that keep images, layers and state below `directory`. */
export async function ownStorage(directory: string, driver: string): Promise<string[]> {
  const root = join(directory, 'root');
  const runRoot = join(directory, 'run');
  await mkdir(root, { recursive: true });
  await mkdir(runRoot, { recursive: true });
  return ['--root', root, '--runroot', runRoot, '--storage-driver', driver];
}

type Run = (...args: string[]) => Promise<CommandResult>;

/** Builds, pushes and pulls with the command set that podman and buildah have in common. */
export class StorageClient {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async pushImage(image: TestImage, reference: string): Promise<void> {
    await this.#run('build', '--tag', reference, image.context);
    await this.#run('push', '--tls-verify=false', reference);
  }

  /** One build for both platforms (the cache of podman 4 mixes them up), gathered in a manifest list and pushed. */
  async pushIndex(index: TestImage, reference: string): Promise<void> {
    const list = `localhost/list-${Date.now()}`;
    await this.#run('build', '--no-cache', '--platform', 'linux/amd64,linux/arm64', '--manifest', list, index.context);
    const target = `docker://${reference}`;
    await this.#run('manifest', 'push', '--all', '--tls-verify=false', list, target);
  }

  async forget(): Promise<void> {
    await this.#run('rmi', '--all', '--force');
  }

  /** Removes everything that is stored, then pulls. */
  async pull(reference: string): Promise<void> {
    await this.forget();
    await this.#run('pull', '--tls-verify=false', reference);
  }
}

/** The digests in a list of `name@digest`. */
export function digestsOfNames(names: readonly string[]): string[] {
  return names.map((name) => name.slice(name.indexOf('@') + 1));
}
