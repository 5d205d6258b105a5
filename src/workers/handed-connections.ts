// Which worker gets a new connection: of those that listen, the one with the fewest. By itself node:cluster hands the next one to whoever took
// its last one first: four clients that came at once were three for one worker and one for the other, again and again, and with
// connections that are kept it stays so. It keeps its own descriptor of a connection until the worker says that it took it, and forgets it
// when the worker ends before, or has no descriptor left for it: its client would wait for an answer for ever.
//
// A worker is handed one at a time, and one that leaves it untaken for a while gets no more: node:cluster has no more of them under way than
// there are workers, so that one that stands still would soon hold them all, and the others would get nothing.
import type { ChildProcess } from 'node:child_process';
import type { ProcessNumber } from './messages.ts';

/** Whoever needs longer to take a connection is busy with something else, and not only waits for a core as others do. */
const patienceMs = 250;

interface ClosableHandle {
  close(): void;
}

/** As node:cluster sends it (lib/internal/cluster/utils.js). */
interface NewConnection {
  readonly cmd: 'NODE_CLUSTER';
  readonly act: 'newconn';
  readonly seq: number;
}

/** As a worker answers it; or as its Node does, when the descriptor did not arrive (lib/internal/child_process.js). */
interface Answer {
  readonly cmd?: string;
  readonly ack?: number;
  readonly accepted?: boolean;
}

interface Connection {
  /** What node:cluster sends. */
  readonly all: readonly unknown[];
  readonly seq: number;
  readonly handle: ClosableHandle;
  /** For whom node:cluster meant it, and whose next one it holds back until this one is taken. */
  readonly meantFor: Taker;
}

interface Taker {
  readonly process: ChildProcess;
  readonly send: (...all: readonly unknown[]) => boolean;
  /** What is on its way to it, by number. */
  readonly underWay: Map<number, Connection>;
  /** Runs while something is. */
  patience: NodeJS.Timeout | undefined;
  isBusy: boolean;
  isListening: boolean;
  /** Of all that it was ever handed. */
  handed: number;
  /** As it said last. */
  closed: number;
}

export class HandedConnections {
  readonly #takers = new Map<ProcessNumber, Taker>();
  /** Until the one with the fewest has taken what it was handed before. */
  #waiting: Connection[] = [];
  #isStopping = false;

  /** A process that node:cluster may hand connections to. */
  watch(number: ProcessNumber, process: ChildProcess): void {
    const send = process.send.bind(process) as Taker['send'];
    const counts = { isBusy: false, isListening: false, handed: 0, closed: 0 };
    const taker: Taker = { process, send, underWay: new Map(), patience: undefined, ...counts };
    this.#takers.set(number, taker);
    process.send = (...all: readonly unknown[]) => {
      const [message, handle] = all;
      if (!isNewConnection(message) || !isClosable(handle)) return send(...all);
      this.#waiting.push({ all, seq: message.seq, handle, meantFor: taker });
      this.#handOut();
      return true;
    };
    process.on('internalMessage', ({ cmd, ack, accepted }: Answer) => {
      if (cmd === 'NODE_HANDLE_NACK') this.#lost(taker);
      // One that it did not take, since it stops, goes to the next by itself.
      else if (ack !== undefined) this.#arrived(taker, ack, accepted !== false);
    });
  }

  listens(number: ProcessNumber): void {
    const taker = this.#takers.get(number);
    if (taker !== undefined) taker.isListening = true;
    this.#handOut();
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
    this.#handOut();
  }

  /** All that it said was received: what it was handed and did not take goes to another one. Where there is none, its client is told at once. */
  gone(number: ProcessNumber): void {
    const taker = this.#takers.get(number);
    this.#takers.delete(number);
    clearTimeout(taker?.patience);
    const left = [...(taker?.underWay.values() ?? [])];
    // When the last one ends, node:cluster closes what waits, and looks at nothing that comes back to it later.
    if (this.#listening.length === 0) for (const { handle } of [...left, ...this.#waiting.splice(0)]) handle.close();
    else for (const connection of left) answer(connection, false);
  }

  /** From now on they take nothing new, one after the other: whoever has few is no better choice. */
  stop(): void {
    this.#isStopping = true;
    this.#handOut();
  }

  get #listening(): readonly Taker[] {
    return [...this.#takers.values()].filter(({ isListening }) => isListening);
  }

  #handOut(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      const taker = this.#takerOf(next);
      if (taker === undefined) return;
      this.#waiting.shift();
      taker.handed += 1;
      taker.underWay.set(next.seq, next);
      taker.patience ??= setTimeout(() => {
        taker.isBusy = true;
        this.#handOut();
      }, patienceMs).unref();
      taker.send(...next.all);
    }
  }

  /** The one that was meant, unless another one has fewer; undefined: it has not taken the one before yet. */
  #takerOf({ meantFor }: Connection): Taker | undefined {
    if (this.#isStopping) return meantFor;
    const listening = this.#listening;
    const free = listening.filter(({ isBusy }) => !isBusy);
    const takers = free.length === 0 ? listening : free;
    let chosen = takers.includes(meantFor) ? meantFor : takers[0];
    for (const taker of takers) if (chosen !== undefined && openOf(taker) < openOf(chosen)) chosen = taker;
    return chosen === undefined || (chosen.underWay.size > 0 && !chosen.isBusy) ? undefined : chosen;
  }

  #arrived(taker: Taker, seq: number, isTaken: boolean): void {
    if (!taker.underWay.delete(seq)) return;
    if (!isTaken) taker.handed -= 1;
    if (taker.underWay.size > 0) return;
    clearTimeout(taker.patience);
    taker.patience = undefined;
    taker.isBusy = false;
    this.#handOut();
  }

  /** It has no descriptor left, and says so of the one that it was handed first: it is closed, as one that cannot be accepted. */
  #lost(taker: Taker): void {
    const [connection] = taker.underWay.values();
    if (connection === undefined) return;
    this.#arrived(taker, connection.seq, false);
    answer(connection, true);
  }
}

/** In the name of whoever it was meant for: node:cluster waits for its answer, and keeps its own descriptor until then. */
function answer({ seq, meantFor }: Connection, accepted: boolean): void {
  meantFor.process.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: seq, accepted });
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
