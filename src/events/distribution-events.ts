// Events in the shape of distribution's notifications (its documentation, "Work with notifications"), which GitLab, Keel and others take.
import type { EventContent, RegistryEvent } from './registry-event.ts';

export const distributionEventsType = 'application/vnd.docker.distribution.events.v2+json';

interface Told {
  readonly action: 'push' | 'delete' | 'mount';
  readonly content: EventContent;
  readonly tag: string | undefined;
  readonly fromRepository?: string | undefined;
}

/** Undefined for what distribution has no word for. A push under several tags is several events. */
export function distributionEnvelopeOf(event: RegistryEvent, host: string): object | undefined {
  if (event.type === 'collection') return undefined;
  const { repository, by, id, atMs } = event;
  const base = by?.base;
  const url = ({ digest }: EventContent, kind: string) =>
    base === undefined ? undefined : `${base}/v2/${repository}/${kind}/${digest}`;
  const told = toldOf(event);
  if (told.length === 0) return undefined;
  const kind = event.type === 'mount' || (event.type === 'delete' && event.of === 'blob') ? 'blobs' : 'manifests';
  return {
    events: told.map(({ action, content, tag, fromRepository }, at) => ({
      id: at === 0 ? id : `${id}-${at}`,
      timestamp: new Date(atMs).toISOString(),
      action,
      target: {
        ...content,
        length: content.size,
        repository,
        fromRepository,
        url: url(content, kind),
        tag,
      },
      // Keel calls the image after the host of the request.
      request: {
        id,
        addr: by?.address,
        host: base === undefined ? host : base.replace(/^https?:\/\//, ''),
        method: by?.method ?? '',
        useragent: by?.userAgent ?? '',
      },
      actor: { name: by?.user },
      source: { addr: host },
    })),
  };
}

/** A tag that a push moves is told by the push, which names it. */
function toldOf(event: Exclude<RegistryEvent, { type: 'collection' }>): readonly Told[] {
  switch (event.type) {
    case 'push': {
      const { content, tags } = event;
      return (tags.length === 0 ? [undefined] : tags).map((tag) => ({ action: 'push', content, tag }));
    }
    case 'delete':
      return [{ action: 'delete', content: event.content, tag: undefined }];
    case 'mount':
      return [{ action: 'mount', content: event.content, tag: undefined, fromRepository: event.from }];
    case 'tag':
      if (event.how === 'push' || event.how === 'rollback') return [];
      if (event.to !== undefined) return [{ action: 'push', content: event.to, tag: event.tag }];
      return event.from === undefined ? [] : [{ action: 'delete', content: event.from, tag: event.tag }];
  }
}
