// The settings of `server.tls`: encryption by moorage itself, and clients that show a certificate.
import { z } from 'zod';
import { text } from './value-schemas.ts';

export const tlsSection = z.strictObject({
  certificate: text('a file')
    .optional()
    .describe(
      'PEM file with the certificate of this server, then those between it and its CA: clients come by HTTPS. Read anew when it changes. `moorage tls init` makes one.',
    ),
  key: text('a file')
    .optional()
    .describe('PEM file with the private key of server.tls.certificate, without a passphrase.'),
});
