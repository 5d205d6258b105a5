// The servers' data directories: written once for each pair of server and dataset, filled over HTTP where a dataset wants
// that, kept while a later workload needs them.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RunningServer } from './running-server.ts';
import type { Contestant } from './servers/contestant.ts';
import type { Workload } from './workloads/workload.ts';

export class PreparedData {
  readonly #base: string;
  readonly #ready = new Set<string>();

  constructor(base: string) {
    this.#base = base;
  }

  /** The directory of one server's copy, complete and with no server running on it. */
  async rootFor(contestant: Contestant, workload: Workload): Promise<string> {
    const { dataset, plan } = workload;
    const root = this.#rootOf(contestant, dataset.key);
    if (this.#ready.has(root)) return root;
    mkdirSync(root, { recursive: true });
    dataset.write(contestant.form, root, plan.rounds + plan.warmUps);
    if (dataset.fill !== undefined && contestant.form !== 'answers') {
      const server = await RunningServer.start(contestant, root, this.scratchOf(contestant), '/v2/');
      try {
        await dataset.fill(server.url);
      } finally {
        await server.stop();
      }
    }
    this.#ready.add(root);
    return root;
  }

  /** Where a server's configuration and log go. */
  scratchOf(contestant: Contestant): string {
    return join(this.#base, 'scratch', contestant.name);
  }

  /** Removes what the workload needed, unless one of the later ones needs it too. */
  release(contestants: readonly Contestant[], workload: Workload, later: readonly Workload[]): void {
    if (later.some(({ dataset }) => dataset.key === workload.dataset.key)) return;
    for (const contestant of contestants) this.discard(contestant, workload);
  }

  /** Removes one server's copy: the next one who asks for it gets a new one. */
  discard(contestant: Contestant, { dataset }: Workload): void {
    const root = this.#rootOf(contestant, dataset.key);
    rmSync(root, { recursive: true, force: true });
    this.#ready.delete(root);
  }

  #rootOf(contestant: Contestant, key: string): string {
    return join(this.#base, contestant.name, key);
  }
}
