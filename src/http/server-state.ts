// What the server is doing: whether it is stopping (then no new request is begun, and every answer ends its connection, so that
// none lingers idle), and whether only this machine can connect.
import { BlockList, isIPv6 } from 'node:net';
import type { FastifyInstance } from 'fastify';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

export class ServerState {
  #isStopping = false;
  #listensOnLoopback: boolean | undefined;
  #app: FastifyInstance | undefined;
  readonly #whenStopping = new Set<() => void>();

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** False also while nothing listens: then nobody can connect at all. */
  get listensOnLoopback(): boolean {
    this.#listensOnLoopback ??= this.#readAddress();
    return this.#listensOnLoopback ?? false;
  }

  /** For an answer that has no end by itself. Returns what to call once it has ended. */
  whenStopping(listener: () => void): () => void {
    this.#whenStopping.add(listener);
    return () => void this.#whenStopping.delete(listener);
  }

  watch(app: FastifyInstance): void {
    this.#app = app;
    app.addHook('preClose', (done) => {
      this.#isStopping = true;
      for (const listener of this.#whenStopping) listener();
      done();
    });
  }

  /** Fastify opens one more socket only for `localhost`, and that is the loopback as well. */
  #readAddress(): boolean | undefined {
    const address = this.#app?.server.address();
    if (address === undefined || address === null || typeof address === 'string') return undefined;
    return loopback.check(address.address, isIPv6(address.address) ? 'ipv6' : 'ipv4');
  }
}
