// Where a client is, and how it came: of the connection, or as a proxy says that the operator trusts. Of anybody else nothing of that is believed.
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** IPv4 as such, although a socket for both families writes it as IPv6; undefined without a connection. */
export function clientAddressOf(request: FastifyRequest): string | undefined {
  const { remoteAddress } = request.socket;
  const { ip } = request;
  // What stands farthest left in X-Forwarded-For a client may have written itself, where its own address is a trusted one.
  return plainAddress(ip === remoteAddress || isIP(ip) !== 0 ? ip : remoteAddress);
}

function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') === true ? address.slice('::ffff:'.length) : address;
}

/** A trusted proxy may speak TLS for us, and says so in X-Forwarded-Proto. */
export function schemeOf(request: FastifyRequest): 'http' | 'https' {
  return request.protocol.toLowerCase() === 'https' ? 'https' : 'http';
}
