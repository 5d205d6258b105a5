// An event as CloudEvents 1.0 has it (cloudevents.io, spec.md), in its JSON format.
import { ownNamespace } from '../oci/annotations.ts';
import type { EventAuthor, EventContent, RegistryEvent } from './registry-event.ts';

/** `host`: of the machine that tells it. */
export function cloudEventOf(event: RegistryEvent, host: string): object {
  const { id, atMs } = event;
  return {
    specversion: '1.0',
    id,
    source: sourceOf(event, host),
    // Reverse-DNS, as 3.1.1 asks for.
    type: `${ownNamespace}.${whatHappened(event)}`,
    subject: subjectOf(event),
    time: new Date(atMs).toISOString(),
    datacontenttype: 'application/json',
    data: dataOf(event),
  };
}

function whatHappened(event: RegistryEvent): string {
  switch (event.type) {
    case 'push':
      return 'manifest.pushed';
    case 'delete':
      return `${event.of}.deleted`;
    case 'tag':
      return 'tag.moved';
    case 'mount':
      return 'blob.mounted';
    case 'collection':
      return 'collection.ended';
  }
}

/** A URI reference (3.1.1): where the repository is, by the name of the machine. */
function sourceOf(event: RegistryEvent, host: string): string {
  return event.type === 'collection' ? `//${host}/${event.mount}` : `//${host}/v2/${event.repository}`;
}

function subjectOf(event: RegistryEvent): string | undefined {
  if (event.type === 'collection') return undefined;
  return event.type === 'tag' ? event.tag : event.content.digest;
}

function dataOf(event: RegistryEvent): object {
  if (event.type === 'collection') {
    const { mount, freedBytes, tookMs } = event;
    return { mount, freedBytes, tookMs: Math.round(tookMs) };
  }
  const { repository } = event;
  const by = event.by && byOf(event.by);
  switch (event.type) {
    case 'push':
      return { repository, ...event.content, tags: event.tags, how: event.how, by };
    case 'delete':
      return { repository, ...event.content, how: event.how, by };
    case 'tag':
      return { repository, tag: event.tag, how: event.how, from: orNull(event.from), to: orNull(event.to), by };
    case 'mount':
      return { repository, ...event.content, from: event.from ?? null, by };
  }
}

function orNull(content: EventContent | undefined): EventContent | null {
  return content ?? null;
}

function byOf({ user, address, userAgent, method, base }: EventAuthor): object {
  return { user: user ?? null, address, userAgent, method, base };
}
