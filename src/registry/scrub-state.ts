// Where the scrub of a mount was, kept across restarts: a pass that was begun goes on after the last file that was looked at.
import type { Key, ObjectStore } from '../storage/object-store.ts';
import { unlessTooLarge } from './collection-files.ts';

export interface ScrubState {
  /** Of the pass that is under way, or of the last one, by the wall clock. */
  readonly startedAtMs: number;
  /** The last file that was looked at, in the order of a pass; undefined between two passes. */
  readonly at: Key | undefined;
  /** When the next pass is due; undefined while one is under way. */
  readonly nextAtMs: number | undefined;
}

const longestBytes = 64 * 1024;

/** Undefined where nothing is known, or what was written cannot be read: the next pass begins anew. */
export async function readScrubState(store: ObjectStore, key: Key): Promise<ScrubState | undefined> {
  const object = await unlessTooLarge(store.read(key, longestBytes));
  return object && parseState(Buffer.from(object.bytes).toString('utf8'));
}

export async function writeScrubState(store: ObjectStore, key: Key, state: ScrubState): Promise<void> {
  await store.write(key, Buffer.from(`${JSON.stringify(state)}\n`));
}

function parseState(text: string): ScrubState | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const { startedAtMs, at, nextAtMs } = json as Partial<Record<keyof ScrubState, unknown>>;
  if (typeof startedAtMs !== 'number') return undefined;
  return {
    startedAtMs,
    at: typeof at === 'string' ? (at as Key) : undefined,
    nextAtMs: typeof nextAtMs === 'number' ? nextAtMs : undefined,
  };
}
