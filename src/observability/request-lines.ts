// The line for each request: what is in it, and how it reads. Built from the route and the repository, never from the URL or
// the headers, so that no credential can be in it.
import type { Logger } from 'pino';

export interface RequestFields {
  readonly method: string;
  /** The pattern that matched, e.g. `/v2/:name/blobs/:digest`. */
  readonly route: string;
  readonly repository: string | undefined;
  readonly status: number;
  readonly durationMs: number;
  /** Of the content that was transferred, in or out. */
  readonly bytes: number;
}

const message = 'request';

/** Called for every request: one flat object, no child logger, no serializers. */
export class RequestLines {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  request({ method, route, repository, status, durationMs, bytes }: RequestFields): void {
    const rounded = Math.round(durationMs * 100) / 100;
    this.#log.info({ method, route, repository, status, durationMs: rounded, bytes }, message);
  }
}

export function isRequestLine(msg: unknown, fields: object): fields is RequestFields {
  return msg === message && 'route' in fields && 'durationMs' in fields;
}

export function requestText({ method, route, repository, status, durationMs, bytes }: RequestFields): string {
  const shown = repository === undefined ? route : `${route} ${repository}`;
  return `${status} ${method.padEnd(6)} ${shown} ${bytes} B ${durationMs} ms`;
}
