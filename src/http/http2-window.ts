// How much of a body may be on its way to us with HTTP/2 before we read it (RFC 9113, 6.9). Node holds it in memory, for each stream, and
// a password that is being checked may take half a minute: strangers get the 64 KiB of the protocol, whoever may push what a push needs.
import type { IncomingMessage } from 'node:http';
import type { Http2Session } from 'node:http2';
import { Http2Request } from './http2-messages.ts';

/** With less a push waits for each round trip. */
const windowOfPushes = 4 * 1024 * 1024;

const widened = new WeakSet<Http2Session>();

/** For all streams of the connection, also those that are open. Called for each push that is allowed. */
export function widenForPush(request: IncomingMessage): void {
  if (!(request instanceof Http2Request)) return;
  const { session } = request.stream;
  if (session === undefined || session.destroyed || widened.has(session)) return;
  widened.add(session);
  session.settings({ initialWindowSize: windowOfPushes });
}
