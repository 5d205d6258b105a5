// The address to listen on: what may be written, and whether other machines can reach it.

export interface ListenAddress {
  /** A name or an IP address, without brackets, or `*` (`everyInterface`). */
  readonly host: string;
  /** 0 lets the system pick a free one. */
  readonly port: number;
}

const defaultPort = 5000;
const loopbackHost = '127.0.0.1';

/** By IPv6 and IPv4; by IPv4 alone on a machine that has no IPv6. */
export const everyInterface = '*';

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

const reachedAsLocalhost = new Set([everyInterface, '0.0.0.0', '::', '127.0.0.1', '::1', '::ffff:127.0.0.1']);

/**
 * What a client on this machine connects to. Most take plain HTTP from localhost (oras from no address of the loopback), 0.0.0.0 is no
 * address to connect to, and at 127.0.0.2 nothing else of the loopback answers.
 */
export function hostToType(host: string): string {
  return reachedAsLocalhost.has(host.toLowerCase()) ? 'localhost' : host;
}

/** What clients may type, best first; nothing of a server that listens everywhere: others know it by a name. */
export function namesToType(host: string): readonly string[] {
  const typed = hostToType(host);
  return isLoopback(host) || typed !== 'localhost' ? [typed, host] : [];
}

/** Where a server that listens there is opened: what listens everywhere, at one place of it. */
export function urlOf({ host, port }: ListenAddress, scheme: 'http' | 'https' = 'http'): string {
  return `${scheme}://${host === everyInterface ? 'localhost' : hostInUrl(host)}:${port}`;
}

/** As it stands in a URL: IPv6 addresses in brackets. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
