// The line for each request: what is in it, and how it reads.
import type { Logger } from 'pino';

export interface RequestFields {
  readonly client: string | undefined;
  /** Who it is; undefined for anonymous, and where nobody is asked. */
  readonly user: string | undefined;
  readonly userAgent: string | undefined;
  readonly method: string;
  /** The pattern that matched, e.g. `/v2/:name/blobs/:digest`. */
  readonly route: string;
  readonly repository: string | undefined;
  /** A tag or digest. */
  readonly reference: string | undefined;
  /** Where neither a route nor a repository says what was asked for. */
  readonly path: string | undefined;
  readonly status: number;
  readonly durationMs: number;
  /** Of the content that was transferred, in or out. */
  readonly bytes: number;
}

const message = 'request';

/** Called for every request: one flat object, no child logger, no serializers. */
export class RequestLines {
  readonly #log: Logger;
  isWanted: boolean;

  constructor(log: Logger, isWanted = true) {
    this.#log = log;
    this.isWanted = isWanted;
  }

  request(fields: RequestFields): void {
    const { client, user, userAgent, method, route, repository, reference, path, status, bytes } = fields;
    const durationMs = Math.round(fields.durationMs * 100) / 100;
    this.#log.info(
      { client, user, method, route, repository, reference, path, status, durationMs, bytes, userAgent },
      message,
    );
  }
}

export function isRequestLine(msg: unknown, fields: object): fields is RequestFields {
  return msg === message && 'route' in fields && 'durationMs' in fields;
}

const longestUserAgent = 60;

export function requestText(fields: RequestFields): string {
  const { client, user, userAgent, method, route, repository, reference, path, status, durationMs, bytes } = fields;
  const said = [status, method.padEnd(6), path ?? route, imageOf(repository, reference), bytes, 'B', durationMs, 'ms'];
  const who = [client, user, userAgent?.slice(0, longestUserAgent)];
  return [...said, ...who].filter((each) => each !== undefined).join(' ');
}

/** `team/app:v1` or `team/app@sha256:...`. */
function imageOf(repository: string | undefined, reference: string | undefined): string | undefined {
  if (repository === undefined || reference === undefined) return repository;
  return `${repository}${reference.includes(':') ? '@' : ':'}${reference}`;
}
