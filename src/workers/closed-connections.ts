// How many connections of this worker have ended: the parent gives new ones to whoever has the fewest.
import type { Server, Socket } from 'node:net';

/** `tell`: of all that ever ended. At once: whoever ends one may begin the next in the same millisecond. */
export function countClosed(server: Server, tell: (closed: number) => void): void {
  let closed = 0;
  let isToBeTold = false;
  server.on('connection', (socket: Socket) => {
    socket.once('close', () => {
      closed += 1;
      if (isToBeTold) return;
      isToBeTold = true;
      setImmediate(() => {
        isToBeTold = false;
        tell(closed);
      });
    });
  });
}
