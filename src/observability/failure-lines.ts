// The line for a failure that no client may see: an error, and the request that met it.
import type { Logger } from './logger.ts';

export interface FailedRequest {
  readonly method: string;
  readonly url: string;
}

export class FailureLines {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Without the query, which may hold a token. */
  failure(error: unknown, { method, url }: FailedRequest): void {
    this.#log.error({ method, path: url.split('?', 1)[0], error }, 'request failed');
  }
}
