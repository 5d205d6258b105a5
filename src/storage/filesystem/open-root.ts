// Opens the root of a store: the directory is looked at, and known again from then on.
import { resolve } from 'node:path';
import type { Log } from '../log.ts';
import { Directories } from './directories.ts';
import { DurableFiles } from './durable-file.ts';
import { FileTree } from './file-tree.ts';
import { cachesAttributes } from './network-file-system.ts';
import { OpenAppends } from './open-appends.ts';
import { placeOf, prepareRoot } from './root-directory.ts';
import { RootIdentity } from './root-identity.ts';
import { SpareFiles } from './spare-files.ts';
import type { StoreParts } from './store-parts.ts';
import { type SystemCalls, systemCalls } from './system-calls.ts';

export interface RootOptions {
  readonly log: Log;
  /** 0644 unless given; the process's umask applies. */
  readonly fileMode?: number;
  /** 0755 unless given; the process's umask applies. */
  readonly directoryMode?: number;
  /** For tests, which replace some. */
  readonly calls?: SystemCalls;
}

export interface RootUse {
  /** To write, the directory is created when missing. */
  readonly access: 'read' | 'write';
  /** False: an id that is there is looked at, and none is laid. */
  readonly laysId: boolean;
}

export interface OpenedRoot {
  readonly parts: StoreParts;
  readonly identity: RootIdentity;
  readonly spares: SpareFiles;
  readonly place: string;
  /** The root is on a file system that answers a bare stat from a cache. */
  readonly cachesAttributes: boolean;
}

/** Refuses with a message for the operator: what is no directory ('unsafe'), what cannot be written although it should ('read-only'). */
export async function openRoot(directory: string, options: RootOptions & RootUse): Promise<OpenedRoot> {
  const { log, fileMode = 0o644, directoryMode = 0o755, calls = systemCalls, access, laysId } = options;
  const tree = new FileTree(resolve(directory), { calls, log, fileMode, directoryMode });
  const found = await prepareRoot(tree, access);
  const directories = new Directories(tree);
  const appends = new OpenAppends(tree);
  const parts = { tree, directories, files: new DurableFiles(tree, directories), appends };
  const { type } = await calls.statfs(tree.root);
  const isCached = cachesAttributes(type);
  const spares = new SpareFiles(tree, !isCached);
  const onAway = () => {
    directories.letGo();
    appends.letGo();
    spares.forget();
  };
  const onMoved = () => {
    tree.forget();
    spares.forget();
    directories.forget();
    appends.letGo();
  };
  const identity = await RootIdentity.open(parts, found, { laysId, onMoved, onAway });
  return { parts, identity, spares, place: placeOf(found), cachesAttributes: isCached };
}
