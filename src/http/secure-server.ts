// The server for HTTPS: new connections are answered with the certificate as it is by then, old ones keep theirs.
import { Server, type ServerOptions } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { ClientCertificates } from './client-certificates.ts';
import { type Http2Options, Http2Sessions } from './http2-sessions.ts';

/** What a server proves itself with. */
export interface TlsIdentity {
  /** Asked at every new connection: the same object for as long as nothing changed. */
  current(): SecureContextOptions;
  /** Whether clients may choose HTTP/2. */
  readonly http2: boolean;
  /** Undefined: no client is asked for a certificate. */
  readonly clients: ClientCertificates | undefined;
}

/** A connection that has not agreed on keys by then is closed. */
const handshakeTimeoutMs = 30_000;

export class SecureServer extends Server {
  #http2: Http2Sessions | undefined;
  #served: SecureContextOptions;

  constructor(options: ServerOptions, identity: TlsIdentity, http2: Http2Options) {
    const served = identity.current();
    // The gate refuses wrong ones: it can say why, and who shows none may have a password.
    const asked = { requestCert: identity.clients !== undefined, rejectUnauthorized: false };
    const ALPNProtocols = [...(identity.http2 ? ['h2'] : []), 'http/1.1'];
    super({ ...options, ...served, ...asked, ALPNProtocols, handshakeTimeout: handshakeTimeoutMs }, http2.handler);
    this.#served = served;
    // Node would have such a connection answered as bad HTTP.
    this.removeAllListeners('tlsClientError').on('tlsClientError', (_error, socket) => socket.destroy());
    // Before Node's own listener, which begins the handshake.
    this.prependListener('connection', () => this.#renew(identity.current()));
    if (!identity.http2) return;
    this.#http2 = new Http2Sessions(http2);
    this.#divide(this.#http2);
  }

  override closeIdleConnections(): void {
    super.closeIdleConnections();
    this.#http2?.finish();
  }

  override closeAllConnections(): void {
    super.closeAllConnections();
    this.#http2?.cut();
  }

  /** Node's own listener goes on with HTTP/1.1. */
  #divide(http2: Http2Sessions): void {
    const event = 'secureConnection';
    const others = this.listeners(event);
    this.removeAllListeners(event);
    this.on(event, (socket) => {
      if (socket.alpnProtocol === 'h2') http2.take(socket);
      else for (const listener of others) listener.call(this, socket);
    });
  }

  #renew(current: SecureContextOptions): void {
    if (current === this.#served) return;
    this.#served = current;
    this.setSecureContext(current);
  }
}
