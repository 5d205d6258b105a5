// Requests over TLS to a server on this machine, whose name and CA a test says.
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type Agent, request } from 'node:https';
import { buffer } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';

export interface HttpsOptions {
  readonly port: number;
  readonly ca: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly agent?: Agent | false;
  /** Of a client that shows a certificate; PEM. */
  readonly cert?: string;
  readonly key?: string;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Of the certificate that the server showed, `AB:CD:...`. */
  readonly fingerprint: string;
  readonly protocol: string | null;
}

export async function askOverTls({
  path = '/v2/',
  agent = false,
  body,
  ...options
}: HttpsOptions): Promise<HttpsAnswer> {
  const sent = request({ ...options, path, agent, host: '127.0.0.1', servername: 'localhost' });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const socket = answer.socket as TLSSocket;
  const shown = { fingerprint: socket.getPeerCertificate().fingerprint256, protocol: socket.getProtocol() };
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer), ...shown };
}
