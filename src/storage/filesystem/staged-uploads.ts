// Which unfinished uploads lie in a root: told without opening any.
import { isUploadId } from '../../oci/upload-id.ts';
import type { StagedInfo } from '../object-store.ts';
import { ownDirectory } from '../own-names.ts';
import type { FileTree } from './file-tree.ts';
import { dataName, recordName } from './staged-file.ts';

export const uploadsDirectory = `${ownDirectory}/uploads`;

/** Without those that have no record. */
export async function stagedUploads(tree: FileTree): Promise<readonly StagedInfo[]> {
  const found: StagedInfo[] = [];
  for (const name of await namesIn(tree, uploadsDirectory)) {
    if (!isUploadId(name)) continue;
    const held = tree.tryHold(`${uploadsDirectory}/${name}`);
    try {
      const [record, data] = [held?.lstat(recordName), held?.lstat(dataName)];
      if (record === undefined) continue;
      found.push({ id: name, modifiedAtMs: Math.max(record.mtimeMs, data?.mtimeMs ?? 0), size: data?.size ?? 0 });
    } finally {
      held?.close();
    }
  }
  return found;
}

/** Empty for a directory that is not there. */
export async function namesIn(tree: FileTree, directory: string): Promise<readonly string[]> {
  const held = tree.tryHold(directory);
  try {
    return held === undefined ? [] : (await tree.calls.readdir(held.path)).map(({ name }) => name);
  } finally {
    held?.close();
  }
}
