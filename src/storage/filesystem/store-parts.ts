// What the operations of the driver work with, made once by the store.
import type { Directories } from './directories.ts';
import type { DurableFiles } from './durable-file.ts';
import type { FileTree } from './file-tree.ts';
import type { OpenAppends } from './open-appends.ts';

export interface StoreParts {
  readonly tree: FileTree;
  readonly directories: Directories;
  readonly files: DurableFiles;
  readonly appends: OpenAppends;
}
