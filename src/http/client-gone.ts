// Work for a client that is not there any more ends early.
import type { FastifyReply } from 'fastify';

/** Aborted when the connection closes before the answer, and after it. */
export function clientGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => controller.abort(new Error('the client has gone')));
  return controller.signal;
}
