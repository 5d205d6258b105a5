// The blobs of one layout, and the pool of hard links that keeps equal layers and configs of a root on disk once.
// Manifests and responses are files of their own: skopeo and crane truncate manifest files that exist, and a shared inode
// would empty the same manifest in every repository.
import type { BlobReference } from '../oci/descriptor.ts';
import { algorithmOf, type Digest, Digester, isDigest } from '../oci/digest.ts';
import type { Clock } from '../storage/clock.ts';
import type { Key, ObjectInfo, ObjectStore, OpenObject, StagedObject } from '../storage/object-store.ts';
import { meansNoSpace } from '../storage/storage-error.ts';
import type { BlobLedger } from './blob-ledger.ts';
import { type LayoutKeys, poolKey } from './keys.ts';
import { Pace } from './pace.ts';
import { ReceivedBlobs } from './received-blobs.ts';

const hashBlockBytes = 1024 * 1024;

export interface ReferenceProblems {
  /** Referenced and not here. */
  readonly missing: readonly string[];
  /** Here with another size than the manifest says: a torn write of another program, or a wrong manifest. */
  readonly wrongSize: readonly string[];
}

export class LayoutBlobs {
  readonly #store: ObjectStore;
  readonly #keys: LayoutKeys;
  readonly #ledger: BlobLedger;
  /** What this repository got through us lately, and may be put back when a foreign collector takes it; never what was deleted through us. */
  readonly #received: ReceivedBlobs;

  constructor(store: ObjectStore, keys: LayoutKeys, ledger: BlobLedger, clock: Clock) {
    this.#received = new ReceivedBlobs(clock);
    this.#store = store;
    this.#keys = keys;
    this.#ledger = ledger;
  }

  stat(digest: Digest): Promise<ObjectInfo | undefined> {
    return this.#store.stat(this.#keys.blob(digest));
  }

  open(digest: Digest): Promise<OpenObject | undefined> {
    return this.#store.open(this.#keys.blob(digest));
  }

  /** Publishes staged bytes whose digest was checked, durably, and ends the staged object. A re-push repairs a bad file. */
  async adopt(digest: Digest, staged: StagedObject): Promise<void> {
    const pool = poolKey(digest);
    const pooled = await this.#store.stat(pool);
    const isPooled = pooled !== undefined && (await this.#isGood(pool, pooled, digest, await staged.size()));
    // The pool's file goes when the last repository deletes the blob, perhaps now: what was received is kept until it is linked.
    if (isPooled && (await this.#linkFrom(pool, digest))) return staged.discard();
    await this.adoptUnshared(digest, staged);
    try {
      await this.#store.link(this.#keys.blob(digest), pool);
    } catch (error) {
      // The blob is durable where it belongs: to share it only saves space, and waits until it is pushed again.
      if (meansNoSpace(error)) return;
      throw error;
    }
    const shared = await this.#store.stat(pool);
    if (shared !== undefined) this.#ledger.setHashed(pool, shared);
  }

  /** The same for the bytes of a manifest: a file of its own. */
  async adoptUnshared(digest: Digest, staged: StagedObject): Promise<void> {
    const key = this.#keys.blob(digest);
    this.#ledger.setHashed(key, await staged.commit(key));
    this.#received.add(digest);
  }

  /** Stores a manifest or a response as a file of its own, durably; a file with other bytes in its place is replaced. */
  async putManifest(digest: Digest, bytes: Uint8Array): Promise<void> {
    const key = this.#keys.blob(digest);
    const info = await this.#store.stat(key);
    // Never through an inode that a pool or another repository shares.
    if (info !== undefined && info.links === 1 && this.#ledger.isHashed(key, info)) return;
    this.#ledger.setHashed(key, await this.#store.write(key, bytes));
  }

  /** Takes the blob over from another layout, or from any of the root when `from` is undefined; false when it is not there. */
  async mount(digest: Digest, from: LayoutBlobs | undefined): Promise<boolean> {
    if ((await this.stat(digest)) !== undefined) {
      this.#received.add(digest);
      return true;
    }
    return this.#linkFrom(from === undefined ? poolKey(digest) : from.#keys.blob(digest), digest);
  }

  /** False when it was not there. Its space is free once no repository of the root holds it. */
  async delete(digest: Digest): Promise<boolean> {
    const key = this.#keys.blob(digest);
    this.#ledger.forget(key);
    this.#received.delete(digest);
    const deleted = await this.#store.delete(key);
    const pool = poolKey(digest);
    const pooled = await this.#store.stat(pool);
    if (pooled?.links === 1) await this.#store.delete(pool);
    return deleted;
  }

  /**
   * Looks at everything a manifest refers to before it is acknowledged: what another program wrote is made durable
   * (a power cut would otherwise leave an acknowledged image with an empty layer), what a foreign collector took is
   * linked again if this repository had received it.
   */
  async secure(references: Iterable<BlobReference>): Promise<ReferenceProblems> {
    const missing = new Set<string>();
    const wrongSize = new Set<string>();
    const sizes = new Map<string, number | undefined>();
    const pace = new Pace();
    for (const { digest, size } of references) {
      await pace.step();
      // A manifest may name the same blob ten thousand times.
      if (!sizes.has(digest)) sizes.set(digest, isDigest(digest) ? (await this.#secureOne(digest))?.size : undefined);
      const actual = sizes.get(digest);
      if (actual === undefined) missing.add(digest);
      else if (actual !== size) wrongSize.add(digest);
    }
    return { missing: [...missing], wrongSize: [...wrongSize] };
  }

  /** Links a blob again that this repository had received; undefined when it is gone for good. */
  async restore(digest: Digest): Promise<ObjectInfo | undefined> {
    const key = this.#keys.blob(digest);
    const info = await this.#store.stat(key);
    if (info !== undefined || !this.#received.has(digest)) return info;
    return (await this.#linkFrom(poolKey(digest), digest)) ? this.#store.stat(key) : undefined;
  }

  /** Received lately, and gone without a delete through us. */
  async lost(): Promise<readonly Digest[]> {
    const lost: Digest[] = [];
    for (const digest of this.#received.digests()) if ((await this.stat(digest)) === undefined) lost.push(digest);
    return lost;
  }

  async #secureOne(digest: Digest): Promise<ObjectInfo | undefined> {
    const key = this.#keys.blob(digest);
    const info = await this.restore(digest);
    if (info === undefined || this.#ledger.isDurable(key, info)) return info;
    const durable = await this.#store.makeDurable(key);
    if (durable !== undefined) this.#ledger.setDurable(key, durable);
    return durable;
  }

  async #linkFrom(source: Key, digest: Digest): Promise<boolean> {
    const target = this.#keys.blob(digest);
    const [from, to] = [await this.#store.stat(source), await this.#store.stat(target)];
    if (from === undefined) return false;
    // What lies in a pool that came with a stranger's directory need not be what its name says.
    if (source === poolKey(digest) && !(await this.#isGood(source, from, digest, from.size))) return false;
    if (to?.label !== from.label && !(await this.#store.link(source, target))) return false;
    const linked = await this.#store.stat(target);
    if (linked !== undefined && this.#ledger.isHashed(source, from)) this.#ledger.setHashed(target, linked);
    this.#received.add(digest);
    return true;
  }

  async #isGood(key: Key, info: ObjectInfo, digest: Digest, size: number): Promise<boolean> {
    if (info.size !== size) return false;
    if (this.#ledger.isHashed(key, info)) return true;
    const object = await this.#store.open(key);
    if (object === undefined) return false;
    try {
      if ((await digestOfObject(object, digest)) !== digest) return false;
      this.#ledger.setHashed(key, object.info);
      return true;
    } finally {
      await object.close();
    }
  }
}

async function digestOfObject(object: OpenObject, expected: Digest): Promise<Digest> {
  const digester = new Digester(algorithmOf(expected));
  const buffer = Buffer.allocUnsafe(Math.min(hashBlockBytes, Math.max(object.info.size, 1)));
  for (let read = await object.readInto(buffer, 0); read > 0; read = await object.readInto(buffer, digester.bytes)) {
    digester.update(buffer.subarray(0, read));
  }
  return digester.digest();
}
