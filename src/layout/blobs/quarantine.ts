// Where damaged files go that nobody has a good copy of: they are never served, and may be evidence, so nothing here deletes any.
import type { Digest } from '../../oci/digest.ts';
import type { Key, ObjectStore, VersionLabel } from '../../storage/object-store.ts';
import { quarantineKey, quarantineNoteKey } from '../files/keys.ts';

/** Nobody has so many damaged files of one digest. */
const maxOfOneDigest = 10_000;

export interface DamagedFile {
  readonly digest: Digest;
  readonly key: Key;
  /** Of the version that was read and found to be wrong. */
  readonly label: VersionLabel;
  /** What its bytes are. */
  readonly actual: Digest;
}

/**
 * Puts a file aside and writes a note beside it. Undefined where another file is there by now, as after a push of good bytes, which stays
 * where it is: what was renamed is looked at afterwards, and a good file goes back in one step.
 */
export async function putAside(store: ObjectStore, damaged: DamagedFile): Promise<Key | undefined> {
  const { digest, key, label, actual } = damaged;
  if ((await store.stat(key))?.label !== label) return undefined;
  const count = await freeCount(store, digest);
  const aside = quarantineKey(digest, count);
  // Before the file: one without a note would be a riddle, and a note without a file says what somebody began.
  const note = { digest, from: key, at: new Date().toISOString(), why: `its bytes are ${actual}` };
  await store.write(quarantineNoteKey(digest, count), Buffer.from(`${JSON.stringify(note)}\n`));
  if (await store.move(key, aside)) {
    const moved = await store.stat(aside);
    if (moved?.label === label) {
      await store.makeDurable(aside);
      return aside;
    }
    // Where something is under its name again, that came later still.
    await store.move(aside, key);
    await store.makeDurable(key);
  }
  if ((await store.stat(aside)) === undefined) await store.delete(quarantineNoteKey(digest, count));
  return undefined;
}

async function freeCount(store: ObjectStore, digest: Digest): Promise<number> {
  for (let count = 1; count < maxOfOneDigest; count += 1) {
    const isTaken =
      (await store.stat(quarantineKey(digest, count))) !== undefined ||
      (await store.stat(quarantineNoteKey(digest, count))) !== undefined;
    if (!isTaken) return count;
  }
  return maxOfOneDigest;
}
