// What is still to be told to one endpoint: a file for each change of a layout, in the order of their names; and what could not be told.
import { randomUUID } from 'node:crypto';
import { eventKeys } from '../layout/files/keys.ts';
import type { Key, ListingVersion, ObjectReader, ObjectStore, SmallObject } from '../storage/object-store.ts';
import { parseEvent, printEvent, type RegistryEvent } from './registry-event.ts';

/** A file has no more, unless one event does. */
const wantedFileCharacters = 512 * 1024;
const maxFileBytes = 64 * 1024 * 1024;
/** Of a message that could not be delivered. */
const maxDeadBytes = 1024 * 1024;

export interface DeadLetter {
  readonly key: Key;
  readonly event: RegistryEvent;
  readonly why: string;
  readonly atMs: number;
}

let lastNumber = 0;
/** Unlike those of any other process. */
const processPart = randomUUID().slice(0, 8);

/** Sorts behind what the same process named before, and behind what others named earlier. */
function fileName(atMs: number): string {
  lastNumber = (lastNumber + 1) % 1_000_000;
  return `${String(Math.max(0, Math.round(atMs))).padStart(15, '0')}-${String(lastNumber).padStart(6, '0')}-${processPart}`;
}

/** To be appended with the change itself. Each ends with an empty line: without it somebody is writing it, or died while he did. */
export function queuedNotes(endpoint: string, events: readonly RegistryEvent[], nowMs: number): readonly SmallObject[] {
  const notes: SmallObject[] = [];
  let lines: string[] = [];
  let characters = 0;
  const end = () => {
    if (lines.length === 0) return;
    const key = `${eventKeys.waiting(endpoint)}/${fileName(nowMs)}` as Key;
    notes.push({ key, bytes: Buffer.from(`${lines.join('')}\n`) });
    lines = [];
    characters = 0;
  };
  for (const event of events) {
    const line = printEvent(event);
    lines.push(line);
    characters += line.length;
    if (characters >= wantedFileCharacters) end();
  }
  end();
  return notes;
}

export interface QueuedEvents {
  readonly events: readonly RegistryEvent[];
  /** Lines that are none of ours, or of a later version. */
  readonly unknown: number;
  /** False: the rest may be on its way. */
  readonly isWhole: boolean;
}

export class EventQueueReader {
  readonly endpoint: string;
  readonly #store: ObjectReader;

  constructor(store: ObjectReader, endpoint: string) {
    this.#store = store;
    this.endpoint = endpoint;
  }

  /** Two equal answers: nothing came or went between. */
  version(): Promise<ListingVersion | undefined> {
    return this.#store.listingVersion(eventKeys.waiting(this.endpoint));
  }

  /** The oldest first. */
  waiting(): Promise<readonly Key[]> {
    return this.#keysIn(eventKeys.waiting(this.endpoint));
  }

  /** Undefined for a file that is gone. Refuses what is too large to be one of ours ('too-large'). */
  async read(key: Key): Promise<QueuedEvents | undefined> {
    const object = await this.#store.read(key, maxFileBytes);
    if (object === undefined) return undefined;
    const text = Buffer.from(object.bytes).toString('utf8');
    const lines = text.split('\n').filter((line) => line !== '');
    const events = lines.map(parseEvent).filter((event) => event !== undefined);
    return { events, unknown: lines.length - events.length, isWhole: text.endsWith('\n\n') };
  }

  async has(key: Key): Promise<boolean> {
    return (await this.#store.stat(key)) !== undefined;
  }

  deadKeys(): Promise<readonly Key[]> {
    return this.#keysIn(eventKeys.dead(this.endpoint));
  }

  /** Undefined for a file that is gone, or none of ours. */
  async dead(key: Key): Promise<DeadLetter | undefined> {
    const object = await this.#store.read(key, maxDeadBytes);
    const [first = '', second = ''] =
      object === undefined ? [] : Buffer.from(object.bytes).toString('utf8').split('\n');
    const event = parseEvent(second);
    const note = noteIn(first);
    return event === undefined || note === undefined ? undefined : { key, event, ...note };
  }

  async #keysIn(prefix: Key): Promise<readonly Key[]> {
    const children = await this.#store.list(prefix);
    return children.filter(({ kind }) => kind === 'object').map(({ name }) => `${prefix}/${name}` as Key);
  }
}

export class EventQueue extends EventQueueReader {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore, endpoint: string) {
    super(store, endpoint);
    this.#store = store;
  }

  /** All of it was told, or is among what could not be. */
  async finish(key: Key): Promise<void> {
    await this.#store.delete(key);
  }

  async bury(event: RegistryEvent, why: string, nowMs: number): Promise<void> {
    const key = `${eventKeys.dead(this.endpoint)}/${fileName(event.atMs)}` as Key;
    await this.#store.write(key, Buffer.from(`${JSON.stringify({ why, atMs: nowMs })}\n${printEvent(event)}`));
  }

  /** To be told anew, as if it had just happened: that counts for when it is given up. */
  async revive({ key, event }: DeadLetter, nowMs: number): Promise<void> {
    for (const note of queuedNotes(this.endpoint, [event], nowMs)) await this.#store.write(note.key, note.bytes);
    await this.#store.delete(key);
  }

  async forget({ key }: Pick<DeadLetter, 'key'>): Promise<void> {
    await this.#store.delete(key);
  }
}

/** All that have a queue there, whether they are in the settings or not. */
export async function queuedEndpoints(store: ObjectReader): Promise<readonly string[]> {
  const children = await store.list(eventKeys.root);
  return children.filter(({ kind }) => kind === 'prefix').map(({ name }) => name);
}

/** The directory that a file of a queue lies in. */
export function queueOfFile(key: Key): Key {
  return key.slice(0, key.lastIndexOf('/')) as Key;
}

/** When it was put on the queue, in milliseconds since the epoch. */
export function queuedAtMs(key: Key): number {
  return Number(key.slice(key.lastIndexOf('/') + 1).split('-', 1)[0]);
}

function noteIn(line: string): { readonly why: string; readonly atMs: number } | undefined {
  try {
    const { why, atMs } = JSON.parse(line) as { why?: unknown; atMs?: unknown };
    return typeof why === 'string' && typeof atMs === 'number' ? { why, atMs } : undefined;
  } catch {
    return undefined;
  }
}
