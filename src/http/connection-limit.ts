// How many connections one address may have at once. What comes over one too many is refused with 429 and told to come again; of twice as
// many nothing is read at all.
import type { Server } from 'node:http';
import { BlockList, isIPv6, type Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { clientNetwork } from '../auth/client-network.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { CountSharing } from './count-sharing.ts';

export class ConnectionLimit {
  readonly #most: number;
  readonly #exempt: BlockList;
  readonly #open = new Map<string, number>();
  /** By address and port: with TLS, and with HTTP/2, a request shows another socket than the one that was accepted. */
  readonly #over = new Set<string>();

  /** Of each other process of the server, what it has open. */
  readonly #elsewhere = new Map<number, Map<string, number>>();
  readonly #sharing: CountSharing | undefined;

  /** `proxies`: networks behind whose addresses are many clients. */
  constructor(most: number, proxies: readonly string[], sharing?: CountSharing) {
    this.#most = most;
    this.#exempt = blockListOf(proxies);
    this.#sharing = sharing;
    sharing?.listen((from, count, process) => {
      const open = this.#elsewhere.get(process) ?? new Map<string, number>();
      if (count === 0) open.delete(from);
      else open.set(from, count);
      this.#elsewhere.set(process, open);
    });
    sharing?.onOthers((processes) => {
      for (const process of this.#elsewhere.keys()) if (!processes.has(process)) this.#elsewhere.delete(process);
      // One that has just come knows nothing yet.
      for (const [from, count] of this.#open) sharing.tell(from, count);
    });
  }

  watch(server: Server): void {
    server.prependListener('connection', (socket: Socket) => this.#count(socket));
  }

  /** Refuses with 429. A connection counts like all others once there is room for it. */
  assert({ socket }: FastifyRequest): void {
    const key = keyOf(socket);
    if (!this.#over.has(key)) return;
    if (this.#openFrom(clientNetwork(socket.remoteAddress ?? '')) <= this.#most) {
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
    this.#set(from, (this.#open.get(from) ?? 0) + 1);
    socket.once('close', () => {
      this.#over.delete(key);
      this.#set(from, (this.#open.get(from) ?? 1) - 1);
    });
    const count = this.#openFrom(from);
    if (count > 2 * this.#most) socket.destroy();
    else if (count > this.#most) this.#over.add(key);
  }

  #set(from: string, count: number): void {
    if (count === 0) this.#open.delete(from);
    else this.#open.set(from, count);
    this.#sharing?.tell(from, count);
  }

  #openFrom(from: string): number {
    let count = this.#open.get(from) ?? 0;
    for (const open of this.#elsewhere.values()) count += open.get(from) ?? 0;
    return count;
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
