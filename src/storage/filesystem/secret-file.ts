// A file of random bytes that all processes of a root share, and only its owner may read. It is not synced: after a power cut it may be gone or
// hold anything, so it says by a digest whether it is whole, and another one takes its place if it is not.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import type { Key } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { errnoOf, refusesLink } from './errno.ts';
import { nameOf, parentOf } from './file-tree.ts';
import { readWhole } from './read-file.ts';
import type { StoreParts } from './store-parts.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const secretBytes = 32;
const fileBytes = 2 * secretBytes;
const mode = 0o600;

/** Runs work in the directory of the file while no other process does. */
export type Alone = (work: () => Promise<void>) => Promise<unknown>;

/** Undefined where there is none, or none that is whole, and where it is another user's. */
export function findSecret(parts: StoreParts, key: Key): Promise<Uint8Array | undefined> {
  return unlessForbidden(parts, key, () => readSecret(parts, key));
}

/** Undefined where it is another user's. */
export function readOrMakeSecret(parts: StoreParts, key: Key, alone: Alone): Promise<Uint8Array | undefined> {
  const { tree, directories, files } = parts;
  return unlessForbidden(parts, key, async () => {
    const found = await readSecret(parts, key);
    if (found !== undefined) return found;
    await directories.drafting(async (staging) => {
      const draft = staging.at(randomUUID());
      try {
        fill(parts, draft, key);
        await directories.within(parentOf(key), async (own) => {
          const path = own.at(nameOf(key));
          if (isPlaced(parts, draft, path)) return;
          // Of several that find a bad one at once, the first one replaces it, and the others take what that put there.
          await alone(async () => {
            if ((await readSecret(parts, key)) === undefined) tree.calls.renameSync(draft, path);
          });
        });
      } finally {
        files.removeDraft(draft);
      }
    });
    return readSecret(parts, key);
  });
}

async function unlessForbidden(
  { tree }: StoreParts,
  key: Key,
  read: () => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  try {
    return await read();
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    tree.log.warn('the key of upload sessions may not be read: each is stored from its start', { key, error });
    return undefined;
  }
}

async function readSecret({ tree }: StoreParts, key: Key): Promise<Uint8Array | undefined> {
  const opened = tree.openForReading(key, () => tree.refuseIrregular(key));
  if (opened === undefined) return undefined;
  try {
    if (opened.stats.size !== fileBytes) return undefined;
    const bytes = Buffer.from((await readWhole(tree, opened.descriptor, fileBytes)).bytes);
    const secret = bytes.subarray(0, secretBytes);
    return digestOf(secret).equals(bytes.subarray(secretBytes)) ? secret : undefined;
  } finally {
    tree.calls.closeSync(opened.descriptor);
  }
}

function fill({ tree: { calls } }: StoreParts, path: string, key: Key): void {
  const secret = randomBytes(secretBytes);
  const descriptor = calls.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    const written = calls.writeSync(descriptor, Buffer.concat([secret, digestOf(secret)]), 0);
    if (written < fileBytes) throw new StorageError('no-space', `${key}: only ${written} bytes were written`);
  } finally {
    calls.closeSync(descriptor);
  }
}

/** Of several that are made at once the first one counts. False where something has the name, or no link can be made. */
function isPlaced({ tree: { calls } }: StoreParts, draft: string, path: string): boolean {
  try {
    calls.linkSync(draft, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' || refusesLink(error)) return false;
    throw error;
  }
}

function digestOf(secret: Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}
