// Requests by repository, for who asks for it: as many names as there are repositories would be more than a monitoring system takes.
import type { RepositoryName } from '../oci/reference.ts';
import { counterOf, type Family } from './family.ts';

const mostRepositories = 1_000;
/** No repository can be called so. */
const others = '(other)';

export class RepositoryCounts {
  readonly #most: number;
  /** By method, of each repository. */
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(most = mostRepositories) {
    this.#most = most;
  }

  count(repository: RepositoryName, method: string): void {
    const isNamed = this.#counts.has(repository) || this.#counts.size < this.#most;
    const name = isNamed ? repository : others;
    const counts = this.#counts.get(name) ?? new Map<string, number>();
    this.#counts.set(name, counts.set(method, (counts.get(method) ?? 0) + 1));
  }

  family(): Family {
    const values = [...this.#counts].flatMap(([repository, counts]) =>
      [...counts].map(([method, value]) => ({ labels: { repository, method }, value })),
    );
    const help =
      'Requests of a repository that were answered without an error; (other): of all beyond the first 1,000.';
    return counterOf('moorage_repository_requests_total', help, values);
  }
}
