// The server for HTTPS: new connections are answered with the certificate as it is by then, old ones keep theirs.
import type { RequestListener } from 'node:http';
import { Server, type ServerOptions } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { ClientCertificates } from './client-certificates.ts';

/** What a server proves itself with. */
export interface TlsIdentity {
  /** Asked at every new connection: the same object for as long as nothing changed. */
  current(): SecureContextOptions;
  /** Undefined: no client is asked for a certificate. */
  readonly clients: ClientCertificates | undefined;
}

/** A connection that has not agreed on keys by then is closed. */
const handshakeTimeoutMs = 30_000;

export class SecureServer extends Server {
  #served: SecureContextOptions;

  constructor(options: ServerOptions, handler: RequestListener, identity: TlsIdentity) {
    const served = identity.current();
    // The gate refuses wrong ones: it can say why, and who shows none may have a password.
    const asked = { requestCert: identity.clients !== undefined, rejectUnauthorized: false };
    super({ ...options, ...served, ...asked, handshakeTimeout: handshakeTimeoutMs }, handler);
    this.#served = served;
    // Before Node's own listener, which begins the handshake.
    this.prependListener('connection', () => this.#renew(identity.current()));
  }

  #renew(current: SecureContextOptions): void {
    if (current === this.#served) return;
    this.#served = current;
    this.setSecureContext(current);
  }
}
