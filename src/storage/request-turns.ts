// Which turn of the event loop brought the requests that are handled now: what was found out for one of them holds for the others.

/**
 * What a request asks of the file system must have been asked after the request was sent: an edit that somebody made before it must be seen.
 * The requests of one turn were all on their way before the first of them was read, since the kernel names them in one answer (epoll_wait).
 * So whatever was looked at since that first one was read is new enough for all of them: 64 clients at once cost one look, not 64. It must not
 * have been looked at before, by a timer of the same turn: hence a turn begins with its first request. With more than 1,024 sockets ready at once
 * libuv asks the kernel again within a turn; then a look may be older than a request by the time that 1,024 of them take.
 */
export class RequestTurns {
  #serial = 0;
  #isRunning = false;
  readonly #end = () => {
    this.#isRunning = false;
  };

  /** To be called for each request, by whoever reads it from a socket. */
  arrived(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#serial += 1;
    // Runs when the turn has handled what the kernel named.
    setImmediate(this.#end);
  }

  /** Another number in each turn; undefined while no requests are handled, and nothing that was looked at holds for anybody else. */
  get current(): number | undefined {
    return this.#isRunning ? this.#serial : undefined;
  }
}
