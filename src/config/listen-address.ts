// The address to listen on: what may be written, and whether other machines can reach it.

export interface ListenAddress {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  /** 0 lets the system pick a free one. */
  readonly port: number;
}

const defaultPort = 5000;
const loopbackHost = '127.0.0.1';
const everyInterface = '0.0.0.0';

/**
 * Understands `HOST:PORT`, `[::1]:5000`, `:5000` (every interface, as in other registries), `5000` (loopback) and a
 * host alone (port 5000); undefined for anything else.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (/^\d+$/.test(text)) return withPort(loopbackHost, text);
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([\w][\w.-]*|\*?))(?::(\d+))?$/.exec(text) ?? [];
  if (bracketed !== undefined) return bracketed.includes(':') ? withPort(bracketed, port) : undefined;
  if (plain === undefined || (plain === '' && port === undefined)) return undefined;
  return withPort(plain === '' || plain === '*' ? everyInterface : plain, port);
}

function withPort(host: string, digits: string | undefined): ListenAddress | undefined {
  const port = digits === undefined ? defaultPort : Number(digits);
  return port <= 65_535 ? { host, port } : undefined;
}

/** True when only this machine can connect. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(host);
}

/** As it stands in a URL: IPv6 addresses in brackets. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
