// The small files in which collections of a root remember things: JSON, replaced whole under their lock. One that cannot be understood
// counts as absent, and is written anew.
import type { Key, ObjectStore, StoredObject } from '../storage/object-store.ts';

const maxBytes = 64 * 1024;

export function parseState<State>(
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

/** `change` may run again; where it returns what it was given nothing is written. Returns what is in the file afterwards. */
export async function updateState<State>(
  store: ObjectStore,
  key: Key,
  parse: (json: object) => State | undefined,
  change: (before: State | undefined) => State,
): Promise<State> {
  let after: State | undefined;
  await store.update(key, async (now) => {
    const before = parseState(await now?.read(maxBytes), parse);
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
  if (after === undefined) throw new Error(`${key} was not updated`);
  return after;
}
