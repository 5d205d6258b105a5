// Where a tool that pulls into OCI layouts puts them: an empty directory for each pull, all removed together.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { verifiedDigests } from './layout-directory.ts';

export class PulledLayouts {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = join(directory, 'pulled');
  }

  /** Lets `pull` fill an empty directory; answers the digests in its index.json after every blob was hashed. */
  async pull(pull: (target: string) => Promise<unknown>): Promise<string[]> {
    await mkdir(this.#directory, { recursive: true });
    const target = await mkdtemp(join(this.#directory, 'layout-'));
    await pull(target);
    return await verifiedDigests(target);
  }

  async forget(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}
