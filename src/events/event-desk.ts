// Takes what happened, and puts it on the queue of each endpoint that wants to know, and into the feed.
import { randomUUID } from 'node:crypto';
import { type Announcement, type LayoutNews, nothingToTell } from '../layout/changes/layout-news.ts';
import type { LayoutPlace } from '../layout/changes/layout-place.ts';
import type { TagTarget } from '../layout/history/tag-move.ts';
import { mediaTypes } from '../oci/media-type.ts';
import type { RegistryDesk, RegistryNews } from '../registry/registry-desk.ts';
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { Key, ObjectStore, SmallObject } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { type EventEndpoint, isWanted } from './endpoint.ts';
import { queuedNotes, queueOfFile } from './event-queue.ts';
import type { EventContent, RegistryEvent } from './registry-event.ts';

export interface EventDeskOptions {
  readonly endpoints: readonly EventEndpoint[];
  readonly clock: Clock;
  readonly log: Log;
  /** Called once it is on the queues: for the feed, and for whoever delivers. */
  readonly onEvents: (events: readonly RegistryEvent[]) => void;
}

export class EventDesk implements RegistryDesk {
  readonly #options: EventDeskOptions;
  /** Directories of queues that outlive a power cut: what is appended makes them, and syncs none. */
  readonly #settled = new WeakMap<ObjectStore, Set<Key>>();

  constructor(options: EventDeskOptions) {
    this.#options = options;
  }

  announce(place: LayoutPlace, store: ObjectStore, news: readonly LayoutNews[]): Announcement {
    const atMs = this.#options.clock.now();
    const events = news.map((each) => eventOf(each, repositoryOf(place, each), atMs));
    if (events.length === 0) return nothingToTell;
    const notes = this.#notesOf(events);
    return {
      notes,
      append: () => this.#append(store, notes),
      publish: async (problem) => {
        if (problem !== undefined && notes.length > 0) this.#unqueued(problem);
        await this.#publish(store, notes, events);
      },
    };
  }

  async tell(store: ObjectStore, news: RegistryNews): Promise<void> {
    const events = [ownEventOf(news, this.#options.clock.now())];
    const notes = this.#notesOf(events);
    await this.#append(store, notes);
    await this.#publish(store, notes, events);
  }

  /** Each by itself: one endpoint must not go without because of another one's queue. */
  async #append(store: ObjectStore, notes: readonly SmallObject[]): Promise<void> {
    for (const { key, bytes } of notes) await this.#unlessItFails(() => store.append(key, bytes));
  }

  #notesOf(events: readonly RegistryEvent[]): readonly SmallObject[] {
    const { endpoints, clock } = this.#options;
    return endpoints.flatMap((endpoint) => {
      const wanted = events.filter((event) => isWanted(endpoint, event));
      return queuedNotes(endpoint.name, wanted, clock.now());
    });
  }

  async #publish(
    store: ObjectStore,
    notes: readonly { readonly key: Key }[],
    events: readonly RegistryEvent[],
  ): Promise<void> {
    // One that is not there was delivered already, or could not be written, which was told.
    await Promise.all(notes.map(({ key }) => this.#unlessItFails(() => this.#makeDurable(store, key))));
    this.#options.onEvents(events);
  }

  async #makeDurable(store: ObjectStore, key: Key): Promise<void> {
    await store.makeDurable(key);
    const settled = this.#settled.get(store) ?? new Set<Key>();
    this.#settled.set(store, settled);
    const queue = queueOfFile(key);
    if (settled.has(queue)) return;
    await store.settle(queue);
    settled.add(queue);
  }

  /** Nothing is refused for it: what is to be told has happened. */
  async #unlessItFails(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#unqueued(error);
    }
  }

  #unqueued(error: unknown): void {
    this.#options.log.warn('an event could not be put on its queue', { error });
  }
}

function repositoryOf({ mount, prefix }: LayoutPlace, news: LayoutNews): string {
  const path = news.kind === 'moved' ? news.move.path : news.path;
  return [mount, prefix, path].filter((part) => part !== '').join('/');
}

function eventOf(news: LayoutNews, repository: string, atMs: number): RegistryEvent {
  const happened = { id: randomUUID(), atMs, repository, by: news.by };
  if (news.kind === 'moved') {
    const { tag, how, from, to } = news.move;
    return { ...happened, type: 'tag', tag, how, from: from && contentOf(from), to: to && contentOf(to) };
  }
  const content = contentOf(news.manifest);
  if (news.kind === 'removed') return { ...happened, type: 'delete', of: 'manifest', content, how: news.how };
  return { ...happened, type: 'push', content, tags: news.tags, how: news.how };
}

function ownEventOf(news: RegistryNews, atMs: number): RegistryEvent {
  const id = randomUUID();
  if (news.kind === 'collected') {
    const { mount, freedBytes, tookMs } = news;
    return { id, atMs, type: 'collection', mount, freedBytes, tookMs };
  }
  const { repository, by, digest, size } = news;
  const content = { digest, mediaType: mediaTypes.octetStream, size };
  if (news.kind === 'blob deleted') {
    return { id, atMs, repository, by, type: 'delete', of: 'blob', content, how: 'delete' };
  }
  return { id, atMs, repository, by, type: 'mount', content, from: news.from };
}

function contentOf({ digest, mediaType, size }: TagTarget): EventContent {
  return { digest, mediaType, size };
}
