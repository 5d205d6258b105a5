// A registry elsewhere that is pushed to: its repositories, and what was learnt of it on the way.
import type { RepositoryName } from '../oci/reference.ts';
import type { RegistryClient } from './registry-client.ts';
import { type RegistryHabits, RemoteRepository } from './remote-repository.ts';

export class RemoteTarget {
  readonly #client: RegistryClient;
  readonly #signal: AbortSignal;
  readonly #habits: RegistryHabits = { takesChunks: true };

  constructor(client: RegistryClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** As in image references. */
  get host(): string {
    return this.#client.address.host;
  }

  /** What it is asked at, as a source of the same registry says it. */
  get origin(): string {
    return this.#client.address.url.origin;
  }

  repository(name: RepositoryName): RemoteRepository {
    return new RemoteRepository(this.#client, name, this.#habits, this.#signal);
  }
}
