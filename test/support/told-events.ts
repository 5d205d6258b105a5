// Endpoints of events for tests: what is written of them, where nothing else matters, and registries that tell.
import { onTestFinished } from 'vitest';
import type { EventEndpoint } from '../../src/events/endpoint.ts';
import { EventDesk } from '../../src/events/event-desk.ts';
import { EventQueueReader } from '../../src/events/event-queue.ts';
import { eventTypes, type RegistryEvent } from '../../src/events/registry-event.ts';
import { NameGlob } from '../../src/oci/name-glob.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { WritableRepository } from '../../src/registry/repository.ts';
import type { ObjectReader, ObjectStore } from '../../src/storage/object-store.ts';
import { mountOver } from './mounts.ts';
import { RecordedLog } from './registry-under-test.ts';
import { defaultRules } from './rules.ts';
import { TestClock } from './test-clock.ts';

export function globsOf(...patterns: readonly string[]): readonly NameGlob[] {
  return patterns.map((text) => NameGlob.parse(text)).filter((glob) => glob !== undefined);
}

export function endpointNamed(name: string, others: Partial<EventEndpoint> = {}): EventEndpoint {
  return {
    name,
    url: 'http://127.0.0.1:9/hook',
    types: eventTypes,
    repositories: globsOf('**'),
    format: 'cloudevents',
    secret: undefined,
    authorization: undefined,
    timeoutMs: 1_000,
    giveUpAfterMs: 86_400_000,
    ...others,
  };
}

export interface TellingRegistry {
  readonly registry: Registry;
  readonly told: readonly RegistryEvent[];
  readonly log: RecordedLog;
  readonly repository: (name: string) => Promise<WritableRepository>;
}

/** A registry over a store that tells these endpoints. */
export function tellingRegistry(
  store: ObjectStore,
  endpoints: readonly EventEndpoint[],
  clock = new TestClock(),
): TellingRegistry {
  const told: RegistryEvent[] = [];
  const log = new RecordedLog();
  const desk = new EventDesk({ endpoints, clock, log, onEvents: (events) => told.push(...events) });
  const registry = new Registry({
    mounts: [mountOver(store, { collects: true })],
    ...{ log, clock, desk, rules: defaultRules },
  });
  onTestFinished(() => registry.close());
  return { registry, told, log, repository: (name) => registry.writable(parseRepositoryName(name)) };
}

/** All that waits for an endpoint, in order. */
export async function queuedEvents(store: ObjectReader, endpoint: string): Promise<readonly RegistryEvent[]> {
  const queue = new EventQueueReader(store, endpoint);
  const events: RegistryEvent[] = [];
  for (const key of await queue.waiting()) events.push(...((await queue.read(key))?.events ?? []));
  return events;
}

/** `tag v1 push`, `push v1`, `delete manifest`: what happened, without digests and times. */
export function inShort(event: RegistryEvent): string {
  switch (event.type) {
    case 'push':
      return ['push', ...event.tags].join(' ');
    case 'delete':
      return `delete ${event.of}`;
    case 'tag':
      return `tag ${event.tag} ${event.how}${event.to === undefined ? ' gone' : ''}`;
    case 'mount':
      return `mount ${event.from ?? ''}`.trim();
    case 'collection':
      return `collection ${event.freedBytes}`;
  }
}
