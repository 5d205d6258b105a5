// The connection under a request, where it is encrypted.
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { Http2Request } from './http2-messages.ts';

/** The same object for all requests of a connection. With HTTP/2 each stream would give another one. */
export function tlsSocketOf(request: IncomingMessage): TLSSocket | undefined {
  const socket = request instanceof Http2Request ? request.stream.session?.socket : request.socket;
  return socket instanceof TLSSocket ? socket : undefined;
}
