// How long anybody waits for an index.json that is not whole: other programs write it in place, and for a moment it is empty or cut
// short.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../storage/clock.ts';
import type { Key, ObjectInfo, ObjectReader } from '../../storage/object-store.ts';
import { ForeignIndexError, type IndexDocument, IndexUnreadableError } from './index-document.ts';
import { maxIndexBytes } from './index-limits.ts';
import { parseIndexInTurns } from './index-parse.ts';

/** In-place writers (oras, skopeo, crane, BuildKit) are done within this time. */
const patienceMs = 1_000;
export const retryEveryMs = 50;

/** Far longer than anybody takes, also where the clock of a file server is not ours. */
const restingAfterMs = 10_000;

export interface WaitOptions {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Whether another try may help; unless given, that depends on the failure alone. */
  readonly mayPass?: (error: unknown) => boolean;
  readonly patienceMs?: number;
}

/** What `work` gives, or its last failure: it is tried again while what it read may just be half written. */
export async function whileUnfinished<Result>(
  work: () => Promise<Result>,
  { clock, mayPass = isUnfinished, patienceMs: patience = patienceMs }: WaitOptions,
): Promise<Result> {
  const deadlineMs = clock.elapsed() + patience;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || clock.elapsed() >= deadlineMs) throw error;
      await sleep(retryEveryMs);
    }
  }
}

/** False for what has not changed for so long that it is broken, and not half written. A time to come is the clock of another machine. */
export function mayBeBeingWritten(
  { changedAtMs }: Pick<ObjectInfo, 'changedAtMs'>,
  clock: Pick<Clock, 'now'>,
): boolean {
  return clock.now() - changedAtMs < restingAfterMs;
}

/** Half of an index is no JSON; JSON that is no index is whole, and something else. */
function isUnfinished(error: unknown): boolean {
  return error instanceof IndexUnreadableError && !(error instanceof ForeignIndexError);
}

/** As it is now, for whoever keeps nothing of it; undefined when there is none. Throws IndexUnreadableError and StorageError. */
export async function readIndexDocument(
  store: Pick<ObjectReader, 'read'>,
  key: Key,
  maxBytes = maxIndexBytes,
): Promise<IndexDocument | undefined> {
  const object = await store.read(key, maxBytes);
  if (object === undefined) return undefined;
  const { buffer, byteOffset, byteLength } = object.bytes;
  return parseIndexInTurns(Buffer.from(buffer, byteOffset, byteLength), undefined);
}
