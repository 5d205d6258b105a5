// The file that tells a root from every other directory, by a random id: numbers of devices and inodes change when a volume is
// mounted again, and another volume may have the same. A copy that is put in its place has the id, too, and is the same root.
import { randomUUID } from 'node:crypto';
import type { Key } from '../object-store.ts';
import { ownDirectory } from '../own-names.ts';
import { StorageError } from '../storage-error.ts';
import { errnoOf, refusesLink } from './errno.ts';
import type { FileInfo } from './file-info.ts';
import type { FileTree } from './file-tree.ts';
import type { HeldDirectory, OpenedFile } from './held-directory.ts';
import { readWhole } from './read-file.ts';
import type { StoreParts } from './store-parts.ts';

export type RootId = string;

export interface FoundId {
  readonly id: RootId;
  /** Of the file, to know without reading that it still is the same one. */
  readonly info: FileInfo;
}

const idName = 'id';
export const idKey = `${ownDirectory}/${idName}` as Key;

const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/;
const longestBytes = 256;

/** Undefined when there is none that we may read, or something that we never wrote. */
export async function readRootId(tree: FileTree): Promise<FoundId | undefined> {
  const opened = openReadable(tree);
  if (opened === undefined) return undefined;
  try {
    const { bytes, info } = await readWhole(tree, opened.descriptor, longestBytes);
    const text = Buffer.from(bytes).toString('latin1');
    return form.test(text) ? { id: text.trimEnd(), info } : undefined;
  } catch (error) {
    if (error instanceof StorageError && error.failure === 'too-large') return undefined;
    throw error;
  } finally {
    tree.calls.closeSync(opened.descriptor);
  }
}

function openReadable(tree: FileTree): OpenedFile | undefined {
  try {
    return tree.openForReading(idKey);
  } catch (error) {
    // A stranger's directory, of which we read what we may.
    if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM') return undefined;
    throw error;
  }
}

/**
 * Gives the root this id, or one that is new, unless it has one by now: servers that start at once agree on the first. Where a power cut takes
 * it back, with all of those, the next one lays another.
 */
export async function layRootId(parts: StoreParts, id: RootId = randomUUID()): Promise<FoundId> {
  const { tree, files, directories } = parts;
  await directories.drafting(async (staging) => {
    const draft = await files.draft(staging.at(randomUUID()), Buffer.from(`${id}\n`));
    try {
      if ((await readRootId(tree)) === undefined) {
        await directories.within(ownDirectory, async (own) => place(tree, draft.path, own));
      }
    } finally {
      tree.calls.closeSync(draft.descriptor);
      files.removeDraft(draft.path);
    }
  });
  const laid = await readRootId(tree);
  if (laid === undefined) throw new StorageError('unavailable', `${idKey} was removed right after it was written`);
  return laid;
}

/** The first one counts; what is there and is no id was damaged, since an id is durable before it has its name. */
function place(tree: FileTree, draft: string, own: HeldDirectory): void {
  const path = own.at(idName);
  try {
    if (own.lstatFile(idName) === undefined) tree.calls.linkSync(draft, path);
    else tree.calls.renameSync(draft, path);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    if (!refusesLink(error)) throw error;
    tree.calls.renameSync(draft, path);
  }
}
