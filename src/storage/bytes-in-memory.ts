// What drivers share that keep objects as bytes in memory: how they are opened, and how keys become the children of a prefix.

import type { Child, Key, ObjectInfo, OpenObject } from './object-store.ts';
import { isOwnName } from './own-names.ts';

export function openBytes(info: ObjectInfo, bytes: Uint8Array): OpenObject {
  return {
    info,
    fileDescriptor: undefined,
    inMemory: bytes,
    readInto: async (buffer, at) => {
      const part = bytes.subarray(at, at + buffer.byteLength);
      buffer.set(part);
      return part.byteLength;
    },
    close: async () => {},
  };
}

/** In byte order, without a store's own names. */
export function childrenAmong(keys: Iterable<Key>, prefix: Key): readonly Child[] {
  const start = prefix === '' ? '' : `${prefix}/`;
  const kinds = new Map<string, Child['kind']>();
  for (const key of keys) {
    if (!key.startsWith(start)) continue;
    const [name = '', ...below] = key.slice(start.length).split('/');
    if (!isOwnName(name)) kinds.set(name, below.length === 0 ? 'object' : 'prefix');
  }
  return [...kinds]
    .map(([name, kind]) => ({ name, kind }))
    .sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)));
}
