// Whether the server is stopping: then no new request is begun, and every answer ends its connection, so that none lingers idle.
import type { FastifyInstance } from 'fastify';

export class ServerState {
  #isStopping = false;

  get isStopping(): boolean {
    return this.#isStopping;
  }

  watch(app: FastifyInstance): void {
    app.addHook('preClose', (done) => {
      this.#isStopping = true;
      done();
    });
  }
}
