// Server-Timing (W3C): how long the server took until it answered, for whoever looks for what is slow. What a body takes to leave comes after.
import type { FastifyInstance } from 'fastify';
import { type HeaderList, headerNames } from './headers.ts';
import type { RequestTiming } from './request-context.ts';

/** Of every route that is registered on `app` from now on, but for those by which somebody watches the process. */
export function timeRequests(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.action === 'probe') return;
    route.onRequest = [
      (request, _reply, done) => {
        request.timing = { begunAtMs: performance.now(), admittedAtMs: undefined };
        done();
      },
      ...[route.onRequest ?? []].flat(),
      (request, _reply, done) => {
        if (request.timing !== undefined) request.timing.admittedAtMs = performance.now();
        done();
      },
    ];
  });
}

/** `gate`: until it was known who asks and what they may; `work`: all after that. In milliseconds. */
export function timingHeader({ begunAtMs, admittedAtMs }: RequestTiming): HeaderList {
  const nowMs = performance.now();
  const parts =
    admittedAtMs === undefined
      ? [part('gate', nowMs - begunAtMs)]
      : [part('gate', admittedAtMs - begunAtMs), part('work', nowMs - admittedAtMs)];
  return [headerNames.serverTiming, [...parts, part('total', nowMs - begunAtMs)].join(', ')];
}

function part(name: string, ms: number): string {
  return `${name};dur=${ms.toFixed(2)}`;
}
