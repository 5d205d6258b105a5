// A worker's side of the channel to its parent: what it is told, what it says, and who else there is.
import { MessageExchange } from './message-exchange.ts';
import {
  aliveEveryMs,
  type GroupMember,
  parentNumber,
  type RootPlace,
  type StartOrder,
  type ToParent,
  type ToWorker,
} from './messages.ts';

export interface LinkOrders {
  readonly onDrain: (withinMs: number) => void;
  readonly onClose: () => void;
}

export interface WorkFollower<Work> {
  follow(work: Work): void;
}

type WorkNews<Work> = Extract<ToWorker<Work>, { kind: 'work' }>;

export class WorkerLink<Work> {
  readonly order: StartOrder<Work>;
  readonly exchange: MessageExchange;
  #members: readonly GroupMember[] = [];
  readonly #onMembers: ((members: readonly GroupMember[]) => void)[] = [];
  #follower: WorkFollower<Work> | undefined;
  /** What was told before anybody here could follow it. */
  #untold: WorkNews<Work> | undefined;

  private constructor(order: StartOrder<Work>) {
    this.order = order;
    this.exchange = new MessageExchange(order.number, (letters) => say({ kind: 'letters', letters }));
  }

  /** Resolves with the order to start. */
  static open<Work>({ onDrain, onClose }: LinkOrders): Promise<WorkerLink<Work>> {
    setInterval(() => say({ kind: 'alive' }), aliveEveryMs).unref();
    return new Promise((resolve) => {
      // What is sent before there is a listener is lost: the parent waits for a first word.
      setImmediate(() => say({ kind: 'alive' }));
      let link: WorkerLink<Work> | undefined;
      process.on('message', (message: ToWorker<Work>) => {
        if (message.kind === 'drain') onDrain(message.withinMs);
        else if (message.kind === 'close') onClose();
        else if (message.kind === 'start') {
          link = new WorkerLink(message.order);
          resolve(link);
        } else if (link !== undefined) link.#receive(message);
      });
    });
  }

  #receive(message: Extract<ToWorker<Work>, { kind: 'members' | 'letters' | 'work' }>): void {
    if (message.kind === 'members') this.#meet(message.members);
    else if (message.kind === 'work') this.#follow(message);
    else for (const letter of message.letters) this.exchange.receive(letter);
  }

  /** Those that listen, this one among them. */
  get members(): readonly GroupMember[] {
    return this.#members;
  }

  /** Of those that listen; true while there are none. */
  get isFirst(): boolean {
    return (this.first ?? this.order).number === this.order.number;
  }

  get first(): GroupMember | undefined {
    return this.#members.toSorted((one, other) => one.place - other.place)[0];
  }

  onMembers(listener: (members: readonly GroupMember[]) => void): void {
    this.#onMembers.push(listener);
  }

  /** Who is told of other work than that of the order, at once where there is such by now; the parent knows when it returned. */
  followedBy(follower: WorkFollower<Work>): void {
    this.#follower = follower;
    if (this.#untold !== undefined) this.#follow(this.#untold);
  }

  #follow(news: WorkNews<Work>): void {
    this.#untold = news;
    if (this.#follower === undefined) return;
    this.#untold = undefined;
    this.#follower.follow(news.work);
    say({ kind: 'follows', number: news.number });
  }

  /** `root`: plain data that those which begin later are told. */
  listening(port: number, root: RootPlace | undefined): void {
    say({ kind: 'listening', port, root });
  }

  print(text: string): void {
    say({ kind: 'print', text });
  }

  /** How many of its connections have ended since its start. */
  closed(connections: number): void {
    say({ kind: 'closed', connections });
  }

  drained(): void {
    say({ kind: 'drained' });
  }

  /** Resolves when the parent has it, or is gone. */
  failed(message: string, exitCode: number): Promise<void> {
    return new Promise((resolve) => {
      process.send?.({ kind: 'failed', message, exitCode } satisfies ToParent, undefined, {}, () => resolve());
    });
  }

  #meet(members: readonly GroupMember[]): void {
    const gone = this.#members.filter(({ number }) => members.every((each) => each.number !== number));
    this.#members = members;
    for (const listener of this.#onMembers) listener(members);
    for (const { number } of gone) if (number !== parentNumber) this.exchange.gone(number);
  }
}

/** Once the parent is gone Node ends the worker; what it says until then reaches nobody. */
function say(message: ToParent): void {
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}
