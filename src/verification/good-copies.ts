// Where a good copy of a blob may be: other repositories and the pool, what was put aside, the journal, and a source that was named. Each is
// hashed before it is used: hard links share their damage, and one copy may have rotted like another.

import { AcknowledgedPast } from '../layout/changes/acknowledged-past.ts';
import { type LayoutPrefix, layoutKeys, poolKey, quarantineKey } from '../layout/files/keys.ts';
import { digestOfObject } from '../layout/pacing/paced-digest.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import type { Key, ObjectReader, VersionLabel } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { type GoodCopy, once, type WantedBlob } from './good-copy.ts';
import type { GoodSource } from './good-source.ts';

/** The layouts of a mount. */
export interface SearchedMount {
  readonly mount: OpenedMount;
  readonly prefixes: readonly LayoutPrefix[];
}

interface CopyPlace {
  readonly store: ObjectReader;
  readonly key: Key;
  /** For a person. */
  readonly from: string;
}

/** Of one digest, so many files that were put aside are looked at. */
const maxAside = 100;

export class GoodCopies {
  readonly #mounts: readonly SearchedMount[];
  readonly #source: GoodSource | undefined;

  constructor(mounts: readonly SearchedMount[], source: GoodSource | undefined) {
    this.#mounts = mounts;
    this.#source = source;
  }

  /** One after the other, the nearest first; each was read and is what the digest says, but those of the source, which is read once. */
  async *of(wanted: WantedBlob): AsyncGenerator<GoodCopy> {
    const { digest, bad } = wanted;
    for await (const { store, key, from } of this.#places(digest)) {
      const label = await goodLabel(store, { key, digest, bad });
      if (label !== undefined) yield { from, file: { store, key, label }, bytes: () => bytesOf(store, key) };
    }
    for (const { mount, prefixes } of this.#mounts) {
      for (const prefix of prefixes) {
        const bytes = await new AcknowledgedPast(mount.reader, layoutKeys(prefix)).manifestBytes(digest);
        if (bytes !== undefined) yield { from: 'the journal', file: undefined, bytes: () => once(bytes) };
      }
    }
    if (this.#source !== undefined) yield* this.#source.copies(wanted);
  }

  async *#places(digest: Digest): AsyncGenerator<CopyPlace> {
    for (const { mount, prefixes } of this.#mounts) {
      const store = mount.reader;
      yield { store, key: poolKey(digest), from: 'the pool' };
      for (const prefix of prefixes) {
        const keys = layoutKeys(prefix);
        yield { store, key: keys.blob(digest), from: prefix === '' ? mount.path : prefix };
        yield { store, key: keys.keptManifest(digest), from: `what was deleted from ${prefix}` };
      }
      // A push may have been put aside and not back, in the moment before a crash.
      for (let count = 1; count <= maxAside; count += 1) {
        const key = quarantineKey(digest, count);
        if ((await store.stat(key)) === undefined) break;
        yield { store, key, from: 'what was put aside' };
      }
    }
  }
}

/** Undefined for what is not there, is something else, or changes while it is read. */
async function goodLabel(
  store: ObjectReader,
  { key, digest, bad }: Pick<WantedBlob, 'digest' | 'bad'> & { readonly key: Key },
): Promise<VersionLabel | undefined> {
  try {
    const object = await store.open(key);
    if (object === undefined) return undefined;
    try {
      if (bad.has(object.info.label)) return undefined;
      const isGood = (await digestOfObject(object, algorithmOf(digest))) === digest;
      return isGood ? object.info.label : undefined;
    } finally {
      await object.close();
    }
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

const pieceBytes = 1024 * 1024;

async function* bytesOf(store: ObjectReader, key: Key): AsyncGenerator<Uint8Array> {
  const object = await store.open(key);
  if (object === undefined) return;
  try {
    for (let at = 0; ; ) {
      const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(pieceBytes, object.info.size - at)));
      const read = await object.readInto(buffer, at);
      if (read === 0) return;
      yield buffer.subarray(0, read);
      at += read;
    }
  } finally {
    await object.close();
  }
}
