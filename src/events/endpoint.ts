// Who is told of what, and how: an entry of the setting `events`.
import type { NameGlob } from '../oci/name-glob.ts';
import type { SecretFile } from './endpoint-secrets.ts';
import { type EventType, type RegistryEvent, repositoryOfEvent } from './registry-event.ts';

export interface EventEndpoint {
  /** What its queue is called. */
  readonly name: string;
  readonly url: string;
  readonly types: readonly EventType[];
  readonly repositories: readonly NameGlob[];
  readonly format: 'cloudevents' | 'distribution';
  /** What messages are signed with; undefined: they are not. */
  readonly secret: SecretFile | undefined;
  /** The header that is sent with each; undefined: none. */
  readonly authorization: SecretFile | undefined;
  /** For an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** A message that is older, in milliseconds, is not tried again. */
  readonly giveUpAfterMs: number;
}

/** What is about no repository concerns whoever wants all of them. */
export function isWanted({ types, repositories, format }: EventEndpoint, event: RegistryEvent): boolean {
  if (!types.includes(event.type)) return false;
  // That format has no word for it.
  if (format === 'distribution' && event.type === 'collection') return false;
  const repository = repositoryOfEvent(event);
  if (repository === undefined) return repositories.some(({ text }) => text === '**');
  return repositories.some((glob) => glob.matches(repository));
}
