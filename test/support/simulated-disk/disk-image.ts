// What is on a simulated disk: files and directories by number, and everything that was done to them in order, with what was synced by then.
// Of that follows what a power cut may leave (crash-states.ts).

export interface FileNode {
  readonly kind: 'file';
  readonly bytes: Buffer;
}

export interface DirectoryNode {
  readonly kind: 'directory';
  /** By name, the numbers of nodes. */
  readonly entries: ReadonlyMap<string, number>;
}

export type ImageNode = FileNode | DirectoryNode;

/** What a disk holds: the root is node 1. */
export type DiskImage = ReadonlyMap<number, ImageNode>;

export const rootNode = 1;

/** A name came, went, or leads elsewhere. */
export interface EntryChange {
  readonly directory: number;
  readonly name: string;
  /** Undefined: the name is gone. */
  readonly node: number | undefined;
}

export type DiskEvent =
  | { readonly kind: 'create'; readonly node: number; readonly type: ImageNode['kind'] }
  /** `added` first: no file system loses a name in the middle of a rename (both, or the new one alone). */
  | { readonly kind: 'entries'; readonly changes: readonly EntryChange[] }
  | { readonly kind: 'write'; readonly node: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly node: number; readonly size: number }
  | { readonly kind: 'sync'; readonly node: number }
  /** Not of the disk: whoever asked for something was answered. */
  | { readonly kind: 'note'; readonly note: unknown };

/** Bytes after a write or a truncation. */
export function applyToBytes(bytes: Buffer, event: DiskEvent & { readonly kind: 'write' | 'truncate' }): Buffer {
  const size = event.kind === 'write' ? Math.max(bytes.length, event.at + event.bytes.length) : event.size;
  const changed = Buffer.alloc(size);
  bytes.copy(changed, 0, 0, Math.min(bytes.length, size));
  if (event.kind === 'write') event.bytes.copy(changed, event.at);
  return changed;
}
