// How clients reach the server that runs: by which name, and whether encrypted. What is printed to be pasted is made of it.
import { hostInUrl, hostToType, namesToType } from '../config/listen-address.ts';

export interface ClientAddress {
  /** `localhost:5000`, `registry.example:443`, `[fd00::1]:5000` */
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  readonly isLocalhost: boolean;
  /** With a space before it, or '': oras speaks plain HTTP to localhost whatever answers there, and HTTPS to all others. */
  readonly orasFlag: string;
}

/** A server's certificate. */
export interface NamedByCertificate {
  /** The first of `wanted` that it covers, or a name of its own; undefined without one. */
  nameAmong(wanted: readonly string[]): string | undefined;
}

/** `host` as configured, and the port that was opened. */
export function clientAddressOf(
  { host, port }: { readonly host: string; readonly port: number },
  tls: NamedByCertificate | undefined,
): ClientAddress {
  const name = tls?.nameAmong(namesToType(host)) ?? hostToType(host);
  const scheme = tls === undefined ? 'http' : 'https';
  const isLocalhost = name === 'localhost';
  return { authority: `${hostInUrl(name)}:${port}`, scheme, isLocalhost, orasFlag: orasFlag(scheme, isLocalhost) };
}

export function orasFlag(scheme: ClientAddress['scheme'], isLocalhost: boolean): string {
  if (scheme === 'https') return isLocalhost ? ' --plain-http=false' : '';
  return isLocalhost ? '' : ' --plain-http';
}
