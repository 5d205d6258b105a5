// What is counted of the server, as Prometheus reads it (docs/metrics.md).
import { RegistryError } from '../../oci/error-code.ts';
import type { Handler } from './handler-context.ts';

export const showMetrics: Handler = async ({ answers, metrics }, _request, reply) => {
  if (metrics === undefined)
    throw new RegistryError('UNSUPPORTED', { status: 404, message: 'nothing is counted here' });
  const { contentType, text } = await metrics.exposition();
  answers.bytes(reply, 200, ['Content-Type', contentType, 'Cache-Control', 'no-store'], Buffer.from(text));
};
