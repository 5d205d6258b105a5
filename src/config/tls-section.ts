// The settings of `server.tls`: encryption by moorage itself, and clients that show a certificate.
import { z } from 'zod';
import { clientUserRules } from './client-user-rules.ts';
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
  clientCA: text('a file')
    .optional()
    .describe(
      'PEM file with the CAs of clients: who shows a certificate of one of them is the user that it stands for, by default its common name. Read anew when it changes.',
    ),
  clientUsers: clientUserRules
    .optional()
    .describe(
      'Rules for whom certificates of clients stand, the first that fits decides: subject ({CN: ci-*, O: Acme}), dns, uri, email (patterns), user (unless given, the common name), groups. In the environment, the same list as JSON.',
    ),
});
