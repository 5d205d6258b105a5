// The Node server under Fastify: its timeouts, and the answers to what never becomes a request.
import { createServer, type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { envelopeOf, protocolErrorOf } from './error-response.ts';
import { apiVersion, browserHeaders, type HeaderList, headerNames } from './headers.ts';
import type { HttpSettings } from './http-settings.ts';
import type { Http2Response } from './http2-messages.ts';
import { SecureServer } from './secure-server.ts';

/** Within so long a client must have sent the head of its request. */
const headersTimeoutMs = 60_000;

/** Tokens of some identity providers have tens of kilobytes. More is 431. */
const maxHeaderBytes = 64 * 1024;

/** A client that is told of its bad request gets so long to read it. */
const lingerMs = 2_000;

export function createHttpServer(
  handler: RequestListener,
  { keepAliveTimeoutMs, stallTimeoutMs, tls }: HttpSettings,
): Server {
  const options = {
    keepAliveTimeout: keepAliveTimeoutMs,
    headersTimeout: headersTimeoutMs,
    maxHeaderSize: maxHeaderBytes,
    // It would bound the whole body, and a large push over a slow line takes hours.
    requestTimeout: 0,
    // Node answers a missing Host without a body; the gate does it with one.
    requireHostHeader: false,
  };
  const http2 = { handler, refuse, maxHeaderBytes, stallTimeoutMs, keepAliveTimeoutMs };
  const server = tls === undefined ? createServer(options, handler) : new SecureServer(options, tls, http2);
  // Bounded by their bytes: of more than so many Node would drop the rest, and a second Host with it (message-check.ts).
  server.maxHeadersCount = 0;
  server.setTimeout(stallTimeoutMs);
  // Whether to send "100 Continue" is decided when the body is read (unread-body.ts).
  server.on('checkContinue', handler);
  server.on('checkExpectation', (_request, response) => refuse(response, 417));
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => endWith(socket, 405, ['Allow: ']));
  return server;
}

function refuse(response: ServerResponse | Http2Response, status: number): void {
  const body = envelopeOf(protocolErrorOf(status).entries);
  response.writeHead(status, [
    ...[headerNames.apiVersion, apiVersion, 'Connection', 'close'],
    ...browserHeaders,
    ...['Content-Type', 'application/json', 'Content-Length', String(body.byteLength)],
  ]);
  response.end(body);
}

const statusOfCode: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** As Node raises it for 'clientError'. */
interface ParseError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

/** For 'clientError': bytes that are no HTTP, headers that are too large or too late. */
export function answerBadHttp(error: ParseError, socket: Duplex): void {
  // The rest of what was sent is bad HTTP as well, and must not cut off the answer that is on its way.
  if (socket.writableEnded) return;
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) socket.destroy();
  else endWith(socket, statusOf(error), []);
}

/** A coding besides chunked is 501 (RFC 9112, 6.1), one beside a Content-Length 400, since that may be smuggling (6.3). */
function statusOf({ code = '', reason = '' }: ParseError): number {
  if (code === 'HPE_INVALID_TRANSFER_ENCODING' && !reason.includes('Content-Length')) return 501;
  return statusOfCode[code] ?? 400;
}

/** Node's own handler asks the same: another answer in the middle of one would look like its content. */
function isAnswering(socket: Duplex): boolean {
  const { _httpMessage: message } = socket as { _httpMessage?: unknown };
  return message instanceof ServerResponse && message.headersSent;
}

function endWith(socket: Duplex, status: number, headers: readonly string[]): void {
  const { entries } = protocolErrorOf(status);
  const body = envelopeOf(entries);
  const head = [
    `HTTP/1.1 ${status} ${entries[0]?.message ?? ''}`,
    `${headerNames.apiVersion}: ${apiVersion}`,
    'Content-Type: application/json',
    `Content-Length: ${body.byteLength}`,
    'Connection: close',
    ...linesOf(browserHeaders),
    ...headers,
  ];
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

function linesOf(list: HeaderList): string[] {
  return list.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${list[at + 1]}`] : []));
}
