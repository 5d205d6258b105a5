// The settings of `server.tls`: encryption by moorage itself, and clients that show a certificate.
import { z } from 'zod';
import { clientUserRules } from './client-user-rules.ts';
import { onOff, text } from './value-schemas.ts';

export const tlsSection = z.strictObject({
  certificate: text('a file')
    .optional()
    .describe(
      'PEM file with the certificate of this server, then those between it and its CA: clients come by HTTPS. Read anew when it changes. `moorage tls init` makes one.',
    ),
  key: text('a file')
    .optional()
    .describe('PEM file with the private key of server.tls.certificate, without a passphrase.'),
  // 200 MB over the loopback, beside HTTP/1.1 in the same run: pulls of oras take 1.4 times the time, of crane 1.05, of curl the same, at
  // 1.3 times the CPU here; pushes of oras and crane 0.7. Pulls are what a registry does most. docker, podman and skopeo never choose it.
  http2: onOff(false).describe(
    'Let clients choose HTTP/2: pushes of Go clients get faster, pulls slower. docker, podman and skopeo never do.',
  ),
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
