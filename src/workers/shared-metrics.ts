// What each worker counts, for the one that a scrape reaches. Whoever does not answer in time is left out: a worker that stands still must not
// hide what the others do.
import type { Family } from '../metrics/family.ts';
import type { MetricsSharing, OthersFamilies } from '../metrics/metrics-sharing.ts';
import { ProcessGoneError } from './message-exchange.ts';
import type { WorkerLink } from './worker-link.ts';

const topic = 'metrics';
/** Scrapers wait for ten seconds unless they are told otherwise. */
const longestMs = 2_000;

export type MetricsLink = Pick<WorkerLink<unknown>, 'members' | 'order' | 'exchange'>;

export class SharedMetrics implements MetricsSharing {
  readonly #link: MetricsLink;
  readonly #longestMs: number;

  constructor(link: MetricsLink, withinMs = longestMs) {
    this.#link = link;
    this.#longestMs = withinMs;
  }

  serve(read: () => Promise<readonly Family[]>): void {
    this.#link.exchange.answer(topic, read);
  }

  async ask(): Promise<OthersFamilies> {
    const { members, order, exchange } = this.#link;
    const others = members.filter(({ number }) => number !== order.number);
    const told = await Promise.all(others.map(({ number }) => this.#inTime(exchange.ask(number, topic, undefined))));
    const answers = told.filter((each) => each !== undefined);
    return { answers, silent: Math.max(0, order.workers - 1 - answers.length) };
  }

  /** Undefined for one that ended, or says nothing. */
  async #inTime(asked: Promise<unknown>): Promise<readonly Family[] | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.#longestMs);
    });
    try {
      return (await Promise.race([asked, late])) as readonly Family[] | undefined;
    } catch (error) {
      if (error instanceof ProcessGoneError) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
