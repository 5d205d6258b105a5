// The line for a failure that no client may see: an error, and the request that met it.
import type { Logger } from './logger.ts';

export interface FailedRequest {
  readonly method: string;
  /** Without the query, which may hold a token. */
  readonly path: string;
}

export class FailureLines {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  failure(error: unknown, { method, path }: FailedRequest): void {
    this.#log.error({ method, path, error }, 'request failed');
  }
}
