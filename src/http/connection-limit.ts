// How many connections one address may have at once. What comes over one too many is refused with 429 and told to come again; of twice as
// many nothing is read at all.
import type { Server } from 'node:http';
import { BlockList, isIPv6, type Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { clientNetwork } from '../auth/client-network.ts';
import { RegistryError } from '../oci/error-code.ts';

export class ConnectionLimit {
  readonly #most: number;
  readonly #exempt: BlockList;
  readonly #open = new Map<string, number>();
  /** By address and port: with TLS, and with HTTP/2, a request shows another socket than the one that was accepted. */
  readonly #over = new Set<string>();

  /** `proxies`: networks behind whose addresses are many clients. */
  constructor(most: number, proxies: readonly string[]) {
    this.#most = most;
    this.#exempt = blockListOf(proxies);
  }

  watch(server: Server): void {
    server.prependListener('connection', (socket: Socket) => this.#count(socket));
  }

  /** Refuses with 429. A connection counts as any other once there is room for it. */
  assert({ socket }: FastifyRequest): void {
    const key = keyOf(socket);
    if (!this.#over.has(key)) return;
    if ((this.#open.get(clientNetwork(socket.remoteAddress ?? '')) ?? 0) <= this.#most) {
      this.#over.delete(key);
      return;
    }
    throw new RegistryError('TOOMANYREQUESTS', {
      detail: `at most ${this.#most} connections from one address`,
      headers: { 'Retry-After': '1', Connection: 'close' },
    });
  }

  #count(socket: Socket): void {
    const { remoteAddress: address } = socket;
    if (address === undefined || this.#exempt.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return;
    const from = clientNetwork(address);
    const key = keyOf(socket);
    const count = (this.#open.get(from) ?? 0) + 1;
    this.#open.set(from, count);
    socket.once('close', () => {
      this.#over.delete(key);
      const left = (this.#open.get(from) ?? 1) - 1;
      if (left === 0) this.#open.delete(from);
      else this.#open.set(from, left);
    });
    if (count > 2 * this.#most) socket.destroy();
    else if (count > this.#most) this.#over.add(key);
  }
}

function keyOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', length] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  return list;
}
