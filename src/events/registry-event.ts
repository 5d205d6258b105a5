// What happened in a registry, as it is told: one shape for the queue on the disk, from which every format is made.
import type { ChangeAuthor } from '../layout/changes/layout-news.ts';
import type { MoveHow } from '../layout/history/tag-move.ts';

/** As they are named in settings. */
export const eventTypes = ['push', 'delete', 'tag', 'mount', 'collection'] as const;
export type EventType = (typeof eventTypes)[number];

interface Happened {
  /** Of nothing else that ever happened. */
  readonly id: string;
  readonly atMs: number;
}

interface InRepository extends Happened {
  /** As it is served. */
  readonly repository: string;
  /** Undefined where nobody asked for it here: a rule, another program, a command. */
  readonly by?: ChangeAuthor | undefined;
}

/** A manifest or a blob. */
export interface EventContent {
  readonly digest: string;
  readonly mediaType: string;
  /** In bytes. */
  readonly size: number;
}

/** A manifest was stored, or again, under these tags or none; `rollback`: it was put back. */
export interface PushEvent extends InRepository {
  readonly type: 'push';
  readonly content: EventContent;
  readonly tags: readonly string[];
  readonly how: 'push' | 'rollback';
}

/** A manifest was deleted with its tags, by a client or a rule; or a blob, which has no tags. */
export interface DeleteEvent extends InRepository {
  readonly type: 'delete';
  readonly of: 'manifest' | 'blob';
  readonly content: EventContent;
  readonly how: 'delete' | 'retention';
}

/** A tag came to mean something, something else, or nothing any more. */
export interface TagMoveEvent extends InRepository {
  readonly type: 'tag';
  readonly tag: string;
  readonly how: MoveHow;
  readonly from: EventContent | undefined;
  readonly to: EventContent | undefined;
}

/** A blob came from another repository without being sent. */
export interface MountEvent extends InRepository {
  readonly type: 'mount';
  readonly content: EventContent;
  /** Undefined: from wherever it was. */
  readonly from: string | undefined;
}

/** What nothing led to was deleted, by the server itself. */
export interface CollectionEvent extends Happened {
  readonly type: 'collection';
  /** The name of what was collected; '' for the registry's own root. */
  readonly mount: string;
  readonly freedBytes: number;
  readonly tookMs: number;
}

export type RegistryEvent = PushEvent | DeleteEvent | TagMoveEvent | MountEvent | CollectionEvent;

/** Undefined for an event about no repository. */
export function repositoryOfEvent(event: RegistryEvent): string | undefined {
  return event.type === 'collection' ? undefined : event.repository;
}

/** One line of a queue. */
export function printEvent(event: RegistryEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** Undefined for a line that a crash cut short, or that a later version wrote. */
export function parseEvent(line: string): RegistryEvent | undefined {
  try {
    const json: unknown = JSON.parse(line);
    if (typeof json !== 'object' || json === null) return undefined;
    const { id, atMs, type } = json as Partial<RegistryEvent>;
    const isOne = typeof id === 'string' && typeof atMs === 'number' && eventTypes.some((each) => each === type);
    return isOne ? (json as RegistryEvent) : undefined;
  } catch {
    return undefined;
  }
}
