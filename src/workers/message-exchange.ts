// Questions and answers between the processes of one server, and news for all of them. What is said in one turn of the event loop goes as
// one message: sixty pushes that arrive together cost one.
import { crossing, received } from './crossing-error.ts';
import type { Body, Letter, ProcessNumber } from './messages.ts';

/** Whoever was asked ended without an answer: whether it did what was asked for nobody knows. */
export class ProcessGoneError extends Error {}

interface Pending {
  readonly to: ProcessNumber;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Of whoever asks, the number. Throws what is to be refused with. */
export type Answering = (question: unknown, from: ProcessNumber) => Promise<unknown>;

export class MessageExchange {
  readonly #self: ProcessNumber;
  readonly #post: (letters: readonly Letter[]) => void;
  readonly #answering = new Map<string, Answering>();
  readonly #listening = new Map<string, (news: unknown, from: ProcessNumber) => void>();
  readonly #pending = new Map<number, Pending>();
  #outgoing: Letter[] = [];
  #lastId = 0;

  constructor(self: ProcessNumber, post: (letters: readonly Letter[]) => void) {
    this.#self = self;
    this.#post = post;
  }

  /** How questions about a topic are answered here. */
  answer(topic: string, answering: Answering): void {
    this.#answering.set(topic, answering);
  }

  /** Called with what others tell about a topic. */
  listen(topic: string, listener: (news: unknown, from: ProcessNumber) => void): void {
    this.#listening.set(topic, listener);
  }

  /** Throws ProcessGoneError, and what the other process refuses with. Waits for as long as that process lives. */
  ask(to: ProcessNumber, topic: string, question: unknown): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { to, resolve, reject });
      this.#say(to, { type: 'question', id, topic, question });
    });
  }

  /** To all other workers. */
  tell(topic: string, news: unknown): void {
    this.#say('others', { type: 'news', topic, news });
  }

  /** Of a process that ended, after all that it had said was received. */
  gone(number: ProcessNumber): void {
    for (const [id, { to, reject }] of this.#pending) {
      if (to !== number) continue;
      this.#pending.delete(id);
      reject(new ProcessGoneError(`process ${number} of the server ended`));
    }
  }

  receive({ from, body }: Letter): void {
    if (body.type === 'question') void this.#answer(from, body);
    else if (body.type === 'news') this.#listening.get(body.topic)?.(body.news, from);
    else if (body.type === 'answer') this.#settle(body.id, ({ resolve }) => resolve(body.answer));
    else this.#settle(body.id, ({ reject }) => reject(received(body.error)));
  }

  async #answer(from: ProcessNumber, { id, topic, question }: Extract<Body, { type: 'question' }>): Promise<void> {
    try {
      const answering = this.#answering.get(topic);
      if (answering === undefined) throw new Error(`nobody here answers questions about ${topic}`);
      this.#say(from, { type: 'answer', id, answer: await answering(question, from) });
    } catch (error) {
      this.#say(from, { type: 'refusal', id, error: crossing(error) });
    }
  }

  #settle(id: number, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    settle(pending);
  }

  #say(to: Letter['to'], body: Body): void {
    if (this.#outgoing.length === 0) setImmediate(() => this.#send());
    this.#outgoing.push({ from: this.#self, to, body });
  }

  #send(): void {
    this.#post(this.#outgoing.splice(0));
  }
}
