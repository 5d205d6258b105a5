// What the HTTP layer tells whoever counts requests, and what it asks of him: all that is counted, as text. How that is done is elsewhere.
import type { RepositoryName } from '../oci/reference.ts';

export interface Metrics {
  /** Of a route, by its pattern; undefined for what is no endpoint. Told of every request to it. */
  meterOf(method: string, route: string | undefined): RouteMeter;
  /** Of the whole server, at this moment. */
  exposition(): Promise<Exposition>;
}

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

export interface RouteMeter {
  answered(request: MeteredRequest): void;
}

export interface MeteredRequest {
  /** 499 when the client was gone before there was an answer. */
  readonly status: number;
  /** From the head of the request until the answer has left, or the connection is gone. */
  readonly durationMs: number;
  /** Of its body. */
  readonly bytesIn: number;
  /** Of the answer's body. */
  readonly bytesOut: number;
  /** Undefined where none was named, or the gate did not get so far. */
  readonly repository: RepositoryName | undefined;
  /** True where the client said which registry it mirrors here. */
  readonly isMirrored: boolean;
}
