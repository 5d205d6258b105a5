// HTTP/2 on the connections whose clients chose it in the handshake (ALPN). Everything else about a request is as with HTTP/1.1.
import type { RequestListener } from 'node:http';
import { constants, createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { Http2Request, Http2Response } from './http2-messages.ts';
import { isStalled } from './stall.ts';

export interface Http2Options {
  readonly handler: RequestListener;
  /** For `Expect` of something unknown, and CONNECT. */
  readonly refuse: (response: Http2Response, status: number) => void;
  readonly maxHeaderBytes: number;
  readonly stallTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

const mib = 1024 * 1024;

/** How much of each body may be on its way to us: http2-window.ts. */
const settings = {
  // What a client may have under way on one connection; more waits at the client.
  maxConcurrentStreams: 128,
  // Go sends frames as large as we take. With the 16 KiB of the protocol a push took twice the time of HTTP/1.1 (measured).
  maxFrameSize: mib,
  enablePush: false,
};
/** Of all streams together. */
const sessionWindowBytes = 8 * mib;
/** In MiB. What has not left yet of several downloads is more than Node's 10, and no new stream would be taken meanwhile. */
const maxSessionMemory = 64;

export class Http2Sessions {
  readonly #options: Http2Options;
  readonly #server: Http2Server;
  readonly #sockets = new Map<ServerHttp2Session, TLSSocket>();

  constructor(options: Http2Options) {
    this.#options = options;
    const { handler, refuse, maxHeaderBytes } = options;
    this.#server = createServer({
      ...{ Http2ServerRequest: Http2Request, Http2ServerResponse: Http2Response, maxSessionMemory },
      settings: { ...settings, maxHeaderListSize: maxHeaderBytes },
    });
    const watch = (request: Http2Request, response: Http2Response) => this.#watch(request, response);
    for (const event of ['request', 'checkContinue']) this.#server.on(event, watch).on(event, handler);
    this.#server.on('checkExpectation', (_request, response: Http2Response) => refuse(response, 417));
    this.#server.on('connect', (_request, response: Http2Response) => refuse(response, 405));
  }

  take(socket: TLSSocket): void {
    const keep = (session: ServerHttp2Session) => this.#keep(session, socket);
    // Node tells of the session at once, or of none where the connection is gone already.
    this.#server.once('session', keep).emit('connection', socket);
    this.#server.off('session', keep);
  }

  /** They take no new requests and end with the last one that runs. */
  finish(): void {
    for (const session of this.#sockets.keys()) session.close();
  }

  cut(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #keep(session: ServerHttp2Session, socket: TLSSocket): void {
    this.#sockets.set(session, socket);
    socket.once('close', () => this.#sockets.delete(session));
    session.setLocalWindowSize(sessionWindowBytes);
    let streams = 0;
    session.on('stream', (stream) => {
      streams += 1;
      stream.once('close', () => {
        streams -= 1;
      });
    });
    const { keepAliveTimeoutMs } = this.#options;
    session.setTimeout(keepAliveTimeoutMs);
    session.on('timeout', () => {
      // Each stream has a time of its own.
      if (streams > 0) session.setTimeout(keepAliveTimeoutMs);
      else session.destroy();
    });
  }

  /** As stall.ts has it for connections: one on which no byte moves is closed, unless the server itself works on a push. */
  #watch(request: Http2Request, response: Http2Response): void {
    const { stallTimeoutMs } = this.#options;
    const { stream } = request;
    const isPush = request.method !== 'GET' && request.method !== 'HEAD';
    stream.setTimeout(stallTimeoutMs);
    stream.on('timeout', () => {
      const isBodyAwaited = !request.readableEnded && stream.readableLength + request.readableLength === 0;
      if (isPush && !isStalled(isBodyAwaited, response.writableLength)) stream.setTimeout(stallTimeoutMs);
      else stream.close(constants.NGHTTP2_CANCEL);
    });
  }
}
