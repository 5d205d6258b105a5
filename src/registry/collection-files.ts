// The small files in which collections of a root remember things: JSON, replaced whole under their lock. One that cannot be understood
// counts as absent, and is written anew.
import type { Key, ObjectReader, ObjectStore, StoredObject } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';

const maxBytes = 64 * 1024;

function parseState<State>(
  object: StoredObject | undefined,
  parse: (json: object) => State | undefined,
): State | undefined {
  if (object === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(Buffer.from(object.bytes).toString('utf8'));
    return typeof json === 'object' && json !== null ? parse(json) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Reads one of them; undefined where there is none, or one that is larger than any that was written here. */
export function readState<State>(
  store: ObjectReader,
  key: Key,
  parse: (json: object) => State | undefined,
): Promise<State | undefined> {
  return unlessTooLarge(store.read(key, maxBytes)).then((object) => parseState(object, parse));
}

/** Undefined also for what is larger than anything that was written here: it is somebody else's, and wedges nothing. */
export async function unlessTooLarge(
  reading: Promise<StoredObject | undefined> | undefined,
): Promise<StoredObject | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof StorageError && error.failure === 'too-large') return undefined;
    throw error;
  }
}

/** `change` may run again; where it returns what it was given nothing is written. Returns what is in the file afterwards. */
export async function updateState<State>(
  store: ObjectStore,
  key: Key,
  parse: (json: object) => State | undefined,
  change: (before: State | undefined) => State,
): Promise<State> {
  let after: State | undefined;
  const { previous } = await store.update(key, async (now) => {
    const before = parseState(await unlessTooLarge(now?.read(maxBytes)), parse);
    after = change(before);
    if (after === before) return undefined;
    return {
      bytes: Buffer.from(`${JSON.stringify(after)}\n`),
      first: [],
      record: () => [],
      note: () => [],
      remove: [],
    };
  });
  await previous?.close();
  if (after === undefined) throw new Error(`${key} was not updated`);
  return after;
}
