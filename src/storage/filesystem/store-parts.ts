// What the operations of the driver work with, made once by the store.
import { ownDirectory } from '../own-names.ts';
import type { Directories } from './directories.ts';
import type { DurableFiles } from './durable-file.ts';
import type { FileTree } from './file-tree.ts';

export interface StoreParts {
  readonly tree: FileTree;
  readonly directories: Directories;
  readonly files: DurableFiles;
}

/** Where small objects are drafted. */
export const stagingDirectory = `${ownDirectory}/staging`;
