// Certificates that clients show: what the gate must know of them.
import type { TLSSocket } from 'node:tls';
import type { CertificateUser } from '../auth/shown-credentials.ts';

export type ShownCertificate =
  | { readonly kind: 'none' }
  | { readonly kind: 'user'; readonly user: CertificateUser }
  /** It is one that we would take, and nobody's: other credentials may still say who somebody is. */
  | { readonly kind: 'nobody'; readonly reason: string }
  /** Whoever shows it is refused, whatever else they show. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface ClientCertificates {
  /** Of a connection, as of now: asked on every request. The same user object for as long as it is the same. */
  shownOn(socket: TLSSocket): ShownCertificate;
}
