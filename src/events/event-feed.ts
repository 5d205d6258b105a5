// Events as they happen, for whoever listens right now: the web page. The last ones are kept for a while, so that who was cut off misses nothing.
// Where nobody listens that is all it costs.
import type { LiveEvent, LiveEvents } from '../http/live-events.ts';
import { cloudEventOf } from './cloud-event.ts';
import type { EventSharing } from './event-sharing.ts';
import { type RegistryEvent, repositoryOfEvent } from './registry-event.ts';

const mostKept = 1_000;
/** Whoever missed more looks at everything anew. */
const mostReplayed = 200;
/** While somebody listens the other processes of the server are told so: one that was started since may not know. */
const wantEveryMs = 30_000;

export interface EventFeedOptions {
  /** Of this machine. */
  readonly host: string;
  /** Undefined: there is no other process. */
  readonly sharing?: EventSharing | undefined;
}

export class EventFeed implements LiveEvents {
  readonly #options: EventFeedOptions;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #kept: RegistryEvent[] = [];
  #wanting: NodeJS.Timeout | undefined;

  constructor(options: EventFeedOptions) {
    this.#options = options;
    options.sharing?.listen((events) => this.#add(events));
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Of this process: the others are told, where somebody listens to them. */
  add(events: readonly RegistryEvent[]): void {
    this.#add(events);
    this.#options.sharing?.tell(events);
  }

  listen(listener: (event: LiveEvent) => void, afterId: string | undefined) {
    const at = this.#kept.findIndex(({ id }) => id === afterId);
    const isKnown = at >= 0 && this.#kept.length - at <= mostReplayed;
    const isComplete = afterId === undefined || isKnown;
    if (isKnown) for (const event of this.#kept.slice(at + 1)) listener(liveEventOf(event, this.#options.host));
    this.#listeners.add(listener);
    this.#want();
    const stop = () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#wanting);
      this.#wanting = undefined;
    };
    return { isComplete, stop };
  }

  #add(events: readonly RegistryEvent[]): void {
    for (const event of events) this.#kept.push(event);
    this.#kept.splice(0, Math.max(0, this.#kept.length - mostKept));
    if (this.#listeners.size === 0) return;
    for (const event of events) {
      const live = liveEventOf(event, this.#options.host);
      for (const listener of this.#listeners) listener(live);
    }
  }

  #want(): void {
    const { sharing } = this.#options;
    if (sharing === undefined) return;
    sharing.want();
    this.#wanting ??= setInterval(() => sharing.want(), wantEveryMs).unref();
  }
}

function liveEventOf(event: RegistryEvent, host: string): LiveEvent {
  const { id, type } = event;
  const told = event.type === 'collection' ? event : { ...event, by: undefined };
  return { id, type, repository: repositoryOfEvent(event), json: JSON.stringify(cloudEventOf(told, host)) };
}
