// What Node's parser lets pass and HTTP/1.1 does not: heads that two programs on the way could read in two ways.
import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../oci/error-code.ts';

/**
 * Refuses a missing or second Host (RFC 9112, 3.2), and one beside another :authority (RFC 9113, 8.3.1), with 400, and a coding besides
 * chunked (RFC 9112, 6.1) with 501.
 */
export function assertWellFormed({ headers, rawHeaders, httpVersionMinor }: IncomingMessage): void {
  // Node's own check would answer without a body (http-server.ts).
  if (headers.host === undefined && httpVersionMinor === 1) throw badHost('the Host header is missing');
  if (hasSecondHost(rawHeaders)) throw badHost('there are two Host headers');
  const { ':authority': authority } = headers;
  if (authority !== undefined && authority !== headers.host) throw badHost('Host and :authority differ');
  const coding = headers['transfer-encoding'];
  // Where chunked is not the last one the parser itself is about to refuse, and both answers would get into each other's way.
  if (coding !== undefined && /,\s*chunked$/i.test(coding)) {
    throw new RegistryError('UNSUPPORTED', { status: 501, message: 'the transfer coding is unknown' });
  }
}

function badHost(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}

/** `headers` shows the first of them alone. */
function hasSecondHost(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
}
