// What a registry was asked, for a test to look at.
import type { RequestLine, RequestLog } from '../http/request-log.ts';
import { type RouteKind, routeKindOf } from './route-kind.ts';

export interface SeenRequest {
  readonly method: string;
  readonly route: RouteKind;
  readonly repository: string | undefined;
  /** A tag or digest. */
  readonly reference: string | undefined;
  /** 499 when the client was gone before there was an answer. */
  readonly status: number;
  /** Of the request's body for pushes, else of the answer's. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly userAgent: string | undefined;
}

/** Older ones are forgotten. */
const mostKept = 10_000;

export class SeenRequests implements RequestLog {
  /** Whatever the settings say. */
  readonly isWanted = true;
  readonly all: SeenRequest[] = [];

  request({ method, route, repository, reference, status, bytes, durationMs, userAgent }: RequestLine): void {
    this.all.push({ method, route: routeKindOf(route), repository, reference, status, bytes, durationMs, userAgent });
    if (this.all.length > mostKept) this.all.splice(0, this.all.length - mostKept);
  }
}
