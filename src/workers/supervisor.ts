// The parent of the processes that answer requests. It holds the listening socket, hands out connections, replaces a worker that ends, and
// carries what workers say to each other; it opens no directory and answers no request, so that whatever may take long or end badly
// does so elsewhere.
import type { Worker } from 'node:cluster';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../storage/log.ts';
import { forkedWorker, takeFirstWorker } from './forked-worker.ts';
import { HandedConnections } from './handed-connections.ts';
import { MessageExchange } from './message-exchange.ts';
import {
  aliveEveryMs,
  type GroupMember,
  type Letter,
  parentNumber,
  type RootPlace,
  type ToParent,
  type ToWorker,
} from './messages.ts';
import { RestartPause } from './restart-pause.ts';
import { arbitrateUploads } from './shared-uploads.ts';
import { mostSilentBeats } from './silence.ts';
import { WorkerFailedError } from './worker-failed-error.ts';

export interface SupervisorOptions<Work> {
  readonly workers: number;
  /** What each of them is to do: plain data. */
  readonly work: Work;
  /** They listen on a socket that this process was handed: node:cluster closes it with the last of them, and it cannot be opened again. */
  readonly isSocketHanded: boolean;
  readonly print: (text: string) => void;
  /** Whole lines of their logs. */
  readonly writeLines: (lines: string) => void;
  readonly log: Log;
}

/** What a process said before it ended is received within so long. */
const lastWordsMs = 20;

interface Running {
  readonly worker: Worker;
  readonly member: GroupMember;
  readonly startedAtMs: number;
  readonly announces: boolean;
  silentBeats: number;
  /** It has said something: what is sent to a process before that is lost (Node 20). */
  hasBegun: boolean;
  hasListened: boolean;
  hasDrained: boolean;
  /** The number of the work that it was told last, and does. */
  follows: number;
  failure: WorkerFailedError | undefined;
}

export class Supervisor<Work> {
  readonly #options: SupervisorOptions<Work>;
  readonly #running = new Map<number, Running>();
  readonly #exchange = new MessageExchange(parentNumber, (letters) => this.#deliver(letters));
  readonly #connections = new HandedConnections();
  readonly #beat: NodeJS.Timeout;
  readonly #id = randomUUID();
  readonly #secret = randomBytes(32);
  #work: Work;
  #workNumber = 0;
  #port: number | undefined;
  /** In which directory they work, as the one said that listened last. */
  #root: RootPlace | undefined;
  /** Port 0 means the same port to all that ask for it while one of them listens; once none did, it has to be named. */
  #isPortNamed = false;
  #wereAllUp = false;
  #isStopping = false;
  #failed: (error: WorkerFailedError) => void = () => {};
  /** Called whenever a worker listens, has drained or ended. */
  #changed: () => void = () => {};
  /** Rejects when a worker cannot be brought up any more. */
  readonly failure: Promise<never>;

  constructor(options: SupervisorOptions<Work>) {
    this.#options = options;
    this.#work = options.work;
    this.failure = new Promise((_, reject) => {
      this.#failed = reject;
    });
    this.failure.catch(() => {});
    arbitrateUploads(this.#exchange, () => this.#listening.map(({ member }) => member.number));
    this.#beat = setInterval(() => this.#endSilent(), aliveEveryMs).unref();
  }

  /** Resolves once the first worker listens; the others follow. Throws the WorkerFailedError of the first. */
  async start(): Promise<void> {
    const first = this.#fork(0, true);
    await this.#until(() => first.hasListened || !this.#running.has(first.member.number));
    if (!first.hasListened) {
      throw first.failure ?? new WorkerFailedError('the first process of the server ended before it listened', 1);
    }
    for (let place = 1; place < this.#options.workers; place += 1) this.#fork(place, false);
  }

  /** Something else to do, for all of them and those that are started later. Resolves when each that listens does it. */
  async follow(work: Work): Promise<void> {
    this.#work = work;
    this.#workNumber += 1;
    const number = this.#workNumber;
    this.#sendAll({ kind: 'work', number, work });
    await this.#until(() => this.#listening.every(({ follows }) => follows >= number));
  }

  /** Running requests may finish within that time. Resolves when no worker is left. */
  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true;
    this.#connections.stop();
    this.#sendAll({ kind: 'drain', withinMs });
    // None ends before the last one has answered: it may own what another one's last push is about.
    await this.#until(() => [...this.#running.values()].every(({ hasDrained }) => hasDrained));
    this.#sendAll({ kind: 'close' });
    await this.#until(() => this.#running.size === 0);
    clearInterval(this.#beat);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        const before = this.#changed;
        this.#changed = () => {
          before();
          resolve();
        };
      });
    }
  }

  #tellChanged(): void {
    const changed = this.#changed;
    this.#changed = () => {};
    changed();
  }

  #fork(place: number, announces: boolean): Running {
    const { writeLines } = this.#options;
    const begun = announces ? takeFirstWorker() : undefined;
    const worker = begun?.worker ?? forkedWorker();
    const member = { number: worker.id, place };
    const startedAtMs = performance.now();
    const running: Running = {
      ...{ worker, member, startedAtMs, announces, failure: undefined },
      ...{ silentBeats: 0, hasBegun: false, hasListened: false, hasDrained: false, follows: 0 },
    };
    this.#running.set(member.number, running);
    if (worker.process.pid === undefined) {
      // No more processes, descriptors or memory, or its program is gone: nothing else is told of it, no end either.
      worker.once('error', ({ message }: Error) => {
        running.failure = new WorkerFailedError(`a process of the server cannot be started: ${message}`, 1);
        void this.#ended(running, null, null);
      });
      return running;
    }
    worker.on('message', (message: ToParent) => this.#receive(running, message));
    // What cannot be sent to a process that has just ended.
    worker.on('error', () => {});
    const { stdout, stderr } = worker.process;
    for (const stream of [stdout, stderr]) if (stream !== null) wholeLines(stream, writeLines);
    this.#connections.watch(member.number, worker.process);
    worker.once('exit', (code: number | null, signal: string | null) => {
      this.#connections.ended(member.number);
      setTimeout(() => {
        // After a failed write Node does not find out by itself, and would go on to hand connections to a process that is gone.
        if (worker.isConnected()) worker.process.disconnect();
        this.#connections.gone(member.number);
        void this.#ended(running, code, signal);
      }, lastWordsMs);
    });
    if (begun?.hasSpoken === true) this.#begin(running);
    return running;
  }

  #begin(running: Running): void {
    const { workers } = this.#options;
    const work = this.#work;
    const { member, announces } = running;
    running.hasBegun = true;
    running.follows = this.#workNumber;
    if (this.#port !== undefined && this.#listening.length === 0) this.#isPortNamed = true;
    const port = this.#isPortNamed ? this.#port : undefined;
    const [server, secret] = [this.#id, this.#secret];
    this.#send(running, {
      kind: 'start',
      order: { ...member, server, secret, workers, announces, port, root: this.#root, work },
    });
    if (this.#isStopping) this.#send(running, { kind: 'drain', withinMs: 0 });
    this.#tellMembers();
  }

  #receive(running: Running, message: ToParent): void {
    switch (message.kind) {
      case 'alive':
        running.silentBeats = 0;
        if (!running.hasBegun) this.#begin(running);
        return;
      case 'listening':
        this.#root = message.root ?? this.#root;
        this.#listens(running, message.port);
        break;
      case 'print':
        this.#options.print(message.text);
        break;
      case 'failed':
        running.failure = new WorkerFailedError(message.message, message.exitCode);
        break;
      case 'drained':
        running.hasDrained = true;
        break;
      case 'follows':
        running.follows = message.number;
        break;
      case 'closed':
        this.#connections.closed(running.member.number, message.connections);
        return;
      case 'letters':
        this.#deliver(message.letters);
        return;
    }
    this.#tellChanged();
  }

  #listens(running: Running, port: number): void {
    const { workers, log } = this.#options;
    this.#port ??= port;
    // It asked for the free port that the others had, while the last of them ended: the one that replaces it asks by number.
    if (this.#port !== port) return void running.worker.process.kill('SIGKILL');
    running.hasListened = true;
    this.#connections.listens(running.member.number);
    this.#tellMembers();
    if (this.#wereAllUp || this.#listening.length < workers) return;
    this.#wereAllUp = true;
    log.info('all workers answer requests', { workers });
  }

  get #listening(): readonly Running[] {
    return [...this.#running.values()].filter(({ hasListened }) => hasListened);
  }

  #deliver(letters: readonly Letter[]): void {
    const byReader = new Map<number, Letter[]>();
    for (const letter of letters) {
      if (letter.to === parentNumber) this.#exchange.receive(letter);
      const readers =
        letter.to === 'others' ? [...this.#running.keys()].filter((each) => each !== letter.from) : [letter.to];
      for (const reader of readers) {
        const held = byReader.get(reader);
        if (held === undefined) byReader.set(reader, [letter]);
        else held.push(letter);
      }
    }
    for (const [reader, own] of byReader) {
      const running = this.#running.get(reader);
      if (running !== undefined) this.#send(running, { kind: 'letters', letters: own });
    }
  }

  #tellMembers(): void {
    this.#sendAll({ kind: 'members', members: this.#listening.map(({ member }) => member) });
  }

  #sendAll(message: ToWorker<Work>): void {
    for (const running of this.#running.values()) this.#send(running, message);
  }

  #send({ worker, hasBegun }: Running, message: ToWorker<Work>): void {
    // With a callback, an error of it is not thrown: the process may have ended in this moment, and is told to `#ended`.
    if (hasBegun && worker.isConnected()) worker.process.send(message, undefined, {}, () => {});
  }

  async #ended(running: Running, code: number | null, signal: string | null): Promise<void> {
    const { log, workers } = this.#options;
    const { member, startedAtMs, hasListened, failure } = running;
    this.#running.delete(member.number);
    this.#exchange.gone(member.number);
    this.#tellMembers();
    this.#tellChanged();
    const isFirst = this.#port === undefined;
    if (this.#isStopping || isFirst) return;
    if (this.#options.isSocketHanded && this.#listening.length === 0) {
      const why = 'no process of the server is left, and the socket that was handed over went with the last one';
      this.#failed(new WorkerFailedError(why, 1));
      return;
    }
    const livedMs = performance.now() - startedAtMs;
    // Fewer are better than none: where only so many processes may run, or find memory, those that do go on.
    const othersAnswer = this.#listening.length > 0;
    const pauseMs = this.#pauseOf(member.place).after({ livedMs, hasListened, othersAnswer });
    const ended = { worker: member.place, pid: running.worker.process.pid, code, signal };
    if (pauseMs === undefined) {
      const why = failure?.message ?? `it ended with ${signal ?? code}`;
      this.#failed(new WorkerFailedError(`one of ${workers} processes of the server does not come up: ${why}`, 1));
      return;
    }
    log.warn('a worker process ended and is replaced', { ...ended, pauseMs, why: failure?.message });
    await sleep(pauseMs);
    if (!this.#isStopping) this.#fork(member.place, false);
  }

  readonly #pauses = new Map<number, RestartPause>();

  #pauseOf(place: number): RestartPause {
    const known = this.#pauses.get(place) ?? new RestartPause();
    this.#pauses.set(place, known);
    return known;
  }

  #endSilent(): void {
    for (const running of this.#running.values()) {
      running.silentBeats += 1;
      if (running.silentBeats !== mostSilentBeats(running)) continue;
      const { pid } = running.worker.process;
      this.#options.log.warn('a worker process stands still and is ended', { worker: running.member.place, pid });
      running.worker.process.kill('SIGKILL');
    }
  }
}

/** Pieces of what a process writes, cut where lines end: what two of them write never mixes within a line. */
function wholeLines(stream: Readable, write: (lines: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  stream.on('data', (bytes: Buffer) => {
    const text = begun + decoder.write(bytes);
    const end = text.lastIndexOf('\n') + 1;
    begun = text.slice(end);
    if (end > 0) write(text.slice(0, end));
  });
  stream.once('end', () => {
    if (begun !== '') write(`${begun}\n`);
  });
}
