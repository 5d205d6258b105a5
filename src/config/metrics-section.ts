// The section `metrics`: what is counted for a monitoring system, and who reads it where (docs/metrics.md).
import { z } from 'zod';
import { parseListenAddress } from './listen-address.ts';
import { onOff, parsed } from './value-schemas.ts';

export const metricsSection = z.strictObject({
  enabled: onOff(true).describe(
    'Count requests and what the server does, and show it at /metrics as Prometheus reads it: to everybody while nobody is asked who they are, else to whoever has the right metrics, or admin of everything.',
  ),
  listen: parsed(parseListenAddress, 'is not an address; write HOST:PORT, e.g. 127.0.0.1:9100 or :9100')
    .optional()
    .describe(
      'Address and port of a listener for /metrics alone, which is then not at server.listen. On the loopback it asks nobody who they are.',
    ),
  repositories: onOff(false).describe(
    'Count requests of each repository as well; of more than 1,000 repositories the rest is counted as other.',
  ),
});
