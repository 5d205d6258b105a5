// What the simulated kernel knows of a file or directory, and of one that is open; and how it refuses.
import { constants, Stats } from 'node:fs';

export interface Node {
  readonly number: number;
  readonly type: 'file' | 'directory';
  bytes: Buffer;
  readonly entries: Map<string, number>;
  links: number;
  parent: number;
  mtimeMs: number;
  ctimeMs: number;
  readonly birthtimeMs: number;
}

export interface Opened {
  readonly node: Node;
  readonly appends: boolean;
  /** By which it was opened. */
  readonly path: { readonly directory: Node; readonly name: string } | undefined;
  at: number;
}

/** As Node throws what a system call refused. */
export function failure(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall, path, errno: -1 });
}

const device = 7;

export function statsOf(node: Node): Stats {
  const { number: ino, type, bytes, mtimeMs, ctimeMs, birthtimeMs } = node;
  const mode = type === 'file' ? constants.S_IFREG | 0o644 : constants.S_IFDIR | 0o755;
  const fields = {
    dev: device,
    ino,
    mode,
    nlink: node.links,
    size: bytes.length,
    mtimeMs,
    ctimeMs,
    atimeMs: mtimeMs,
    birthtimeMs,
  };
  const dates = {
    mtime: new Date(mtimeMs),
    ctime: new Date(ctimeMs),
    atime: new Date(mtimeMs),
    birthtime: new Date(birthtimeMs),
  };
  return Object.assign(Object.create(Stats.prototype) as Stats, fields, dates);
}
