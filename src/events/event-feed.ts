// Events as they happen, for whoever listens right now: the web page. The last ones are kept for a while, so that who was cut off misses nothing.
import type { LiveEvent, LiveEvents } from '../http/live-events.ts';
import { cloudEventOf } from './cloud-event.ts';
import { type RegistryEvent, repositoryOfEvent } from './registry-event.ts';

const mostKept = 1_000;

export class EventFeed implements LiveEvents {
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #kept: LiveEvent[] = [];

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Of this process, or told by another one of the server. */
  add(event: LiveEvent): void {
    this.#kept.push(event);
    if (this.#kept.length > mostKept) this.#kept.shift();
    for (const listener of this.#listeners) listener(event);
  }

  listen(listener: (event: LiveEvent) => void, afterId: string | undefined) {
    const at = this.#kept.findIndex(({ id }) => id === afterId);
    const isComplete = afterId === undefined || at >= 0;
    if (at >= 0) for (const event of this.#kept.slice(at + 1)) listener(event);
    this.#listeners.add(listener);
    return { isComplete, stop: () => void this.#listeners.delete(listener) };
  }
}

export function liveEventOf(event: RegistryEvent, host: string): LiveEvent {
  const { id, type } = event;
  const told = event.type === 'collection' ? event : { ...event, by: undefined };
  return { id, type, repository: repositoryOfEvent(event), json: JSON.stringify(cloudEventOf(told, host)) };
}
