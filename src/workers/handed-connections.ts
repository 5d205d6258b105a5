// Which worker gets a new connection: of those that listen, the one with the fewest. By itself node:cluster hands the next one to whoever took
// its last one first: four clients that came at once were three for one worker and one for the other, again and again, and with
// connections that are kept it stays so. It keeps its own descriptor of a connection until the worker says that it took it, and forgets it
// when the worker ends before: its client would wait for an answer for ever.
import type { ChildProcess } from 'node:child_process';
import type { ProcessNumber } from './messages.ts';

interface ClosableHandle {
  close(): void;
}

/** As node:cluster sends it (lib/internal/cluster/utils.js). */
interface NewConnection {
  readonly cmd: 'NODE_CLUSTER';
  readonly act: 'newconn';
  readonly seq: number;
}

/** As a worker answers it. */
interface Taken {
  readonly ack?: number;
  readonly accepted?: boolean;
}

/** A connection that is on its way to a worker. */
interface Handed {
  readonly handle: ClosableHandle;
  /** For whom node:cluster meant it, and whose next one it holds back until then. */
  readonly meantFor: ChildProcess;
}

interface Taker {
  readonly send: (...all: readonly unknown[]) => boolean;
  readonly underWay: Map<number, Handed>;
  isListening: boolean;
  /** Of all that it was ever handed. */
  handed: number;
  /** As it said last. */
  closed: number;
}

export class HandedConnections {
  readonly #takers = new Map<ProcessNumber, Taker>();
  #isStopping = false;

  /** A process that node:cluster may hand connections to. */
  watch(number: ProcessNumber, process: ChildProcess): void {
    const send = process.send.bind(process) as Taker['send'];
    const taker: Taker = { send, underWay: new Map(), isListening: false, handed: 0, closed: 0 };
    this.#takers.set(number, taker);
    process.send = (...all: readonly unknown[]) => {
      const [message, handle] = all;
      if (!isNewConnection(message) || !isClosable(handle)) return send(...all);
      const chosen = this.#withFewest(taker);
      chosen.handed += 1;
      chosen.underWay.set(message.seq, { handle, meantFor: process });
      return chosen.send(...all);
    };
    process.on('internalMessage', ({ ack, accepted }: Taken) => {
      // One that it did not take, since it stops, goes to the next by itself.
      if (ack !== undefined && taker.underWay.delete(ack) && accepted === false) taker.handed -= 1;
    });
  }

  listens(number: ProcessNumber): void {
    const taker = this.#takers.get(number);
    if (taker !== undefined) taker.isListening = true;
  }

  /** So many of its connections have ended since its start. */
  closed(number: ProcessNumber, count: number): void {
    const taker = this.#takers.get(number);
    if (taker !== undefined) taker.closed = count;
  }

  /** A process has ended, and gets nothing any more; what it said before may still be on its way. */
  ended(number: ProcessNumber): void {
    const taker = this.#takers.get(number);
    if (taker !== undefined) taker.isListening = false;
  }

  /** All that it said was received: what it was handed and did not take goes to another one. Where there is none, its client is told at once. */
  gone(number: ProcessNumber): void {
    const taker = this.#takers.get(number);
    this.#takers.delete(number);
    // When the last one ends, node:cluster closes what waits, and looks at nothing that comes back to it later.
    for (const [seq, { handle, meantFor }] of taker?.underWay ?? []) {
      if (this.#listening.length === 0) handle.close();
      else meantFor.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: seq, accepted: false });
    }
  }

  /** From now on they take nothing new, one after the other: whoever has few is no better choice. */
  stop(): void {
    this.#isStopping = true;
  }

  get #listening(): readonly Taker[] {
    return [...this.#takers.values()].filter(({ isListening }) => isListening);
  }

  /** The one that was meant, unless another one has fewer. */
  #withFewest(meant: Taker): Taker {
    let chosen = meant;
    if (this.#isStopping) return chosen;
    for (const taker of this.#listening) if (openOf(taker) < openOf(chosen)) chosen = taker;
    return chosen;
  }
}

function openOf({ handed, closed }: Taker): number {
  return handed - closed;
}

function isNewConnection(message: unknown): message is NewConnection {
  if (typeof message !== 'object' || message === null) return false;
  const { cmd, act, seq } = message as Partial<NewConnection>;
  return cmd === 'NODE_CLUSTER' && act === 'newconn' && typeof seq === 'number';
}

function isClosable(handle: unknown): handle is ClosableHandle {
  return typeof handle === 'object' && handle !== null && 'close' in handle && typeof handle.close === 'function';
}
