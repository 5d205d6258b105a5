// Tells a meter of each request, when its answer leaves. It is on the way of every request, so a meter is found when its route is made, and nothing
// is listened for: a listener on each answer cost a tenth of a small one.
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { receivedBeforeBody, takenBytesOf } from './body-bytes.ts';
import type { Metrics, RouteMeter } from './metrics.ts';

/** A request that was begun, and is not told of yet. */
export interface MeteredBeginning {
  readonly meter: RouteMeter;
  /** By the clock that never goes back. */
  readonly atMs: number;
  /** Of the connection, before the body; undefined where there is none. */
  readonly receivedBytes: number | undefined;
}

/** Of every route that is registered on `app` from now on, before anything else of it. */
export function meterRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRoute', (route) => {
    const meter = metrics.meterOf(String(route.method), route.url);
    const hook: onRequestHookHandler = (request, _reply, done) => {
      beginMetering(request, meter);
      done();
    };
    route.onRequest = [hook, ...[route.onRequest ?? []].flat()];
  });
}

export function beginMetering(request: FastifyRequest, meter: RouteMeter): void {
  request.metered = { meter, atMs: performance.now(), receivedBytes: receivedBeforeBody(request) };
}

/** Once for each request: what comes later is no other answer. */
export function endMetering({ request, bodyBytes }: FastifyReply, status: number): void {
  const { metered } = request;
  if (metered === undefined) return;
  request.metered = undefined;
  metered.meter.answered({
    status,
    durationMs: performance.now() - metered.atMs,
    bytesIn: takenBytesOf(request, metered.receivedBytes, status < 400),
    bytesOut: bodyBytes,
    repository: request.repositoryName,
    isMirrored: request.namespace !== undefined,
  });
}
