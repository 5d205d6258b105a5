// What happened in a registry, as it is told: one shape for the queue on the disk, from which every format is made.
import { z } from 'zod';

/** As they are named in settings. */
export const eventTypes = ['push', 'delete', 'tag', 'mount', 'collection'] as const;
export type EventType = (typeof eventTypes)[number];

/** What a date can say (ECMAScript, Time Values). */
const mostMs = 8.64e15;

const happened = {
  /** Of nothing else that ever happened. */
  id: z.string().min(1),
  atMs: z.number().min(0).max(mostMs),
};

/** Who asked for it, as a change of a layout says it; absent where nobody did here: a rule, another program, a command. */
const author = z.object({
  user: z.string().optional(),
  address: z.string().optional(),
  userAgent: z.string().optional(),
  method: z.string(),
  base: z.string().optional(),
});

/** `repository`: as it is served. */
const inRepository = { ...happened, repository: z.string(), by: author.optional() };

/** A manifest or a blob; its size in bytes. */
const content = z.object({ digest: z.string(), mediaType: z.string(), size: z.number() });

/** A manifest was stored, or again, under these tags or none; `rollback`: it was put back. */
const push = z.object({
  ...inRepository,
  type: z.literal('push'),
  content,
  tags: z.array(z.string()).readonly(),
  how: z.enum(['push', 'rollback']),
});

/** A manifest was deleted with its tags, by a client or a rule; or a blob, which has no tags. */
const deletion = z.object({
  ...inRepository,
  type: z.literal('delete'),
  of: z.enum(['manifest', 'blob']),
  content,
  how: z.enum(['delete', 'retention']),
});

/** A tag came to mean something, something else, or nothing any more. */
const tagMove = z.object({
  ...inRepository,
  type: z.literal('tag'),
  tag: z.string(),
  how: z.enum(['push', 'delete', 'retention', 'foreign', 'rollback']),
  from: content.optional(),
  to: content.optional(),
});

/** A blob came from another repository without being sent; `from` is absent where that was wherever it lay. */
const mount = z.object({ ...inRepository, type: z.literal('mount'), content, from: z.string().optional() });

/** What nothing led to was deleted, by the server itself. `mount`: '' for the registry's own root. */
const collection = z.object({
  ...happened,
  type: z.literal('collection'),
  mount: z.string(),
  freedBytes: z.number(),
  tookMs: z.number(),
});

const registryEvent = z.discriminatedUnion('type', [push, deletion, tagMove, mount, collection]).readonly();

export type RegistryEvent = z.infer<typeof registryEvent>;
export type EventAuthor = Readonly<z.infer<typeof author>>;
export type EventContent = Readonly<z.infer<typeof content>>;

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
    return registryEvent.safeParse(JSON.parse(line)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
