// What the operations of the driver work with, made once by the store.
import type { Directories } from './directories.ts';
import type { DurableFiles } from './durable-file.ts';
import type { FileTree } from './file-tree.ts';

export interface StoreParts {
  readonly tree: FileTree;
  readonly directories: Directories;
  readonly files: DurableFiles;
}

/** Files of the driver itself, outside of every layout. */
export const ownDirectory = '.moorage';

/** Where small objects are drafted. */
export const stagingDirectory = `${ownDirectory}/staging`;
