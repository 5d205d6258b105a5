// What the simulated kernel knows of a file or directory, and of one that is open; and how it refuses.

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
