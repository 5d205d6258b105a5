// Looks after the blobs of one layout, and the pool of hard links that keeps equal layers and configs of a root on disk once.
// Manifests and responses are files of their own: skopeo and crane truncate manifest files that exist, and a shared inode
// would empty the same manifest in every repository.
import type { BlobReference } from '../../oci/descriptor.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { Key, ObjectInfo, ObjectStore } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { type LayoutKeys, poolKey } from '../files/keys.ts';
import { Pace } from '../pacing/pace.ts';
import { SharedLooks } from '../pacing/shared-looks.ts';
import type { BlobChecks, BlobFile } from './blob-checks.ts';
import { BlobIntake } from './blob-intake.ts';
import type { BlobLedger } from './blob-ledger.ts';
import type { LayoutBlobs } from './layout-blobs.ts';
import type { Leases } from './leases.ts';
import type { ReceivedBlobs } from './received-blobs.ts';
import { Trash } from './trash.ts';

export interface ReferenceProblems {
  /** Referenced and not here. */
  readonly missing: readonly string[];
  /** Here and whole, with another size than the manifest says: the manifest is wrong. What is cut short is missing. */
  readonly wrongSize: readonly string[];
}

/** Whether somebody waits until a large file is hashed, or is told something else meanwhile. */
export type Patience = 'wait' | 'later';

/** The sizes of what is there, durably, by digest and the size that it is said to have: what has another one is hashed, and who knows better does not wait. */
type Looks = SharedLooks<string, number>;

export interface BlobWriterOptions {
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  readonly checks: BlobChecks;
  readonly received: ReceivedBlobs;
  readonly blobs: LayoutBlobs;
  /** Of what is told to clients. */
  readonly leases: Leases;
}

export class BlobWriter {
  /** Of what clients push. */
  readonly intake: BlobIntake;
  readonly #store: ObjectStore;
  readonly #keys: LayoutKeys;
  readonly #checks: BlobChecks;
  readonly #ledger: BlobLedger;
  readonly #blobs: LayoutBlobs;
  readonly #leases: Leases;
  readonly #trash: Trash;
  /** What this repository got through us lately, and may be put back when a foreign collector takes it; never what was deleted through us. */
  readonly #received: ReceivedBlobs;
  readonly #looks: Looks = new SharedLooks();
  readonly #looksAgain: Looks = new SharedLooks();

  constructor({ store, keys, checks, received, blobs, leases }: BlobWriterOptions) {
    this.#store = store;
    this.#keys = keys;
    this.#checks = checks;
    this.#ledger = checks.ledger;
    this.#blobs = blobs;
    this.#received = received;
    this.#leases = leases;
    this.#trash = new Trash(store, keys);
    const linkPooled = (digest: Digest, size: number) => this.#linkPooled(digest, size);
    this.intake = new BlobIntake({ store, keys, ledger: checks.ledger, received, leases, linkPooled });
  }

  /** Links it from the pool. False where that has none of that size, or one that is damaged. */
  async #linkPooled(digest: Digest, size: number): Promise<boolean> {
    const pool = poolKey(digest);
    const pooled = await this.#store.stat(pool);
    if (pooled === undefined || !(await this.#isGood(pool, pooled, digest, size))) return false;
    return this.#linkFrom(pool, digest);
  }

  /**
   * Stores a manifest or a response as a file of its own, durably; a file with other bytes in its place is replaced. True when there was
   * none.
   */
  async putManifest(digest: Digest, bytes: Uint8Array): Promise<boolean> {
    await this.#leases.take([digest]);
    const key = this.#keys.blob(digest);
    const info = await this.#store.stat(key);
    // Never through an inode that a pool or another repository shares.
    if (info?.hardLinks === 1 && this.#ledger.isRight(digest, info) && this.#ledger.isDurable(key, info)) return false;
    const written = await this.#store.write(key, bytes);
    this.#ledger.setRightInMemory(digest, written);
    this.#ledger.setDurable(key, written);
    return info === undefined;
  }

  /**
   * Takes the blob over from another layout, or from any of the root when `from` is undefined. False when it is not there, when it
   * is damaged, and with little patience while nobody knows: what is wrong must not spread.
   */
  async mount(digest: Digest, from: LayoutBlobs | undefined, patience: Patience): Promise<boolean> {
    const isMounted = await this.#mount(digest, from, patience);
    // What is not there is not written down, whoever asks for it.
    return isMounted && (await this.#leases.tell(digest)) ? this.#mount(digest, from, patience) : isMounted;
  }

  /** Of what would be taken over, as its file says; undefined when there is none. */
  async mountedSize(digest: Digest, from: LayoutBlobs | undefined): Promise<number | undefined> {
    const file = from === undefined ? poolKey(digest) : from.file(digest).key;
    return (await this.#store.stat(file))?.size;
  }

  async #mount(digest: Digest, from: LayoutBlobs | undefined, patience: Patience): Promise<boolean> {
    const file = this.#blobs.file(digest);
    const info = await this.#soundInfo(file, patience);
    // Another program may have written it, or an earlier process linked it, without a sync.
    if (info !== undefined && (await this.#madeDurable(file, info)) !== undefined) {
      this.#received.add(digest);
      return true;
    }
    const source = from === undefined ? { digest, key: poolKey(digest) } : from.file(digest);
    return (await this.#soundInfo(source, patience)) !== undefined && this.#linkFrom(source.key, digest);
  }

  /** False when it was not there. Its space is free once no repository of the root holds it. */
  async delete(digest: Digest): Promise<boolean> {
    const deleted = await this.unlink(digest);
    await this.freePool(digest);
    return deleted;
  }

  /** The first half of a delete: after it the blob may still be put back by `linkAgain`. False when it was not there. */
  async unlink(digest: Digest): Promise<boolean> {
    this.forget(digest);
    this.#leases.forget(digest);
    return this.#store.delete(this.#keys.blob(digest));
  }

  /** Its file is deleted, and not to be put back. */
  forget(digest: Digest): void {
    for (const looks of [this.#looks, this.#looksAgain]) looks.forget();
    this.#ledger.forget(this.#keys.blob(digest));
    this.#received.delete(digest);
  }

  /** The pool's link goes when no repository holds the blob any more. */
  async freePool(digest: Digest): Promise<void> {
    const pool = poolKey(digest);
    const pooled = await this.#store.stat(pool);
    if (pooled?.hardLinks === 1) await this.#store.delete(pool);
  }

  /** False when no pool has it: another program wrote it. */
  linkAgain(digest: Digest): Promise<boolean> {
    return this.#linkFrom(poolKey(digest), digest);
  }

  /**
   * Looks at everything a manifest refers to before it is acknowledged: what another program wrote is made durable
   * (a power cut would otherwise leave an acknowledged image with an empty layer), what a foreign collector took is
   * linked again if this repository had received it. Pushes that ask at once share the looks.
   */
  secure(references: Iterable<BlobReference>): Promise<ReferenceProblems> {
    return this.#secure(references, this.#looks);
  }

  /** The same once index.json lists it: nothing counts that was looked at before. */
  secureAgain(references: Iterable<BlobReference>): Promise<ReferenceProblems> {
    return this.#secure(references, this.#looksAgain);
  }

  /** index.json was replaced: what its manifests refer to is looked for after that. */
  lookAnew(): void {
    this.#looksAgain.forget();
  }

  async #secure(references: Iterable<BlobReference>, looks: Looks): Promise<ReferenceProblems> {
    const missing = new Set<string>();
    const wrongSize = new Set<string>();
    const sizes = new Map<string, number | undefined>();
    const pace = new Pace();
    await this.#leases.take(digestsOf(references, looks));
    for (const { digest, size } of references) {
      await pace.step();
      // A manifest may name the same blob ten thousand times.
      if (!sizes.has(digest)) sizes.set(digest, await this.#secureOnce({ digest, size }, looks));
      const actual = sizes.get(digest);
      if (actual === undefined) missing.add(digest);
      else if (actual !== size) wrongSize.add(digest);
    }
    return { missing: [...missing], wrongSize: [...wrongSize] };
  }

  /** Links a blob again that this repository had received, and is gone or damaged; undefined when it is gone for good. */
  async restore(digest: Digest): Promise<ObjectInfo | undefined> {
    const key = this.#keys.blob(digest);
    const info = await this.#store.stat(key);
    const isWanted = info === undefined || this.#isKnownDamaged(digest, info);
    if (!isWanted || !this.#received.has(digest)) return info;
    return (await this.#linkFrom(poolKey(digest), digest)) ? this.#store.stat(key) : info;
  }

  /** An earlier process received it, as the journal says: it may come back from the pool. */
  expect(digest: Digest): void {
    this.#received.add(digest);
  }

  /** Received lately, and gone without a delete through us. */
  async lost(): Promise<readonly Digest[]> {
    const lost: Digest[] = [];
    const pace = new Pace();
    for (const digest of this.#received.digests()) {
      await pace.step();
      if ((await this.#blobs.stat(digest)) === undefined) lost.push(digest);
    }
    return lost;
  }

  async #secureOnce(reference: BlobReference, looks: Looks): Promise<number | undefined> {
    const { digest, size } = reference;
    return isDigest(digest) ? looks.of(lookOf(reference), () => this.#secureOne(digest, size)) : undefined;
  }

  /** The size of what is there; undefined when nothing is, or what is there is damaged. */
  async #secureOne(digest: Digest, statedSize: number): Promise<number | undefined> {
    const file = this.#blobs.file(digest);
    const info = (await this.restore(digest)) ?? (await this.#rescue(digest));
    if (info === undefined || this.#isKnownDamaged(digest, info)) return undefined;
    // Cut short by a crash, or the manifest is wrong: the digest tells.
    const isSuspect = info.size !== statedSize && !this.#checks.isTrusted(digest, info);
    if (isSuspect && !(await this.#checks.isRight(file))) return undefined;
    return (await this.#madeDurable(file, info))?.size;
  }

  /** Undefined when it is gone, or as good as that. */
  async #madeDurable({ digest, key }: BlobFile, info: ObjectInfo): Promise<ObjectInfo | undefined> {
    if (this.#ledger.isDurable(key, info)) return info;
    try {
      const durable = await this.#store.makeDurable(key);
      if (durable === undefined) await this.#setLost({ digest, key }, info);
      else this.#ledger.setDurable(key, durable);
      return durable;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      await this.#setLost({ digest, key }, info);
      throw error;
    }
  }

  /** Where a sync of it was refused nobody knows what a power cut leaves: as a damaged one it is asked for, and pushed, again. */
  async #setLost({ digest, key }: BlobFile, info: ObjectInfo): Promise<void> {
    if ((await this.#store.makeDurable(key)) !== undefined) return;
    if ((await this.#store.stat(key))?.version === info.version) this.#ledger.setDamaged(digest, info);
  }

  /** A collection took it out of the layout, and is about to look for the last time, or died before that; undefined when it is not there. */
  async #rescue(digest: Digest): Promise<ObjectInfo | undefined> {
    if ((await this.#store.stat(this.#keys.trashed(digest))) === undefined) return undefined;
    await this.#store.exclusively(this.#keys.index, () => this.#trash.putBack(digest));
    return this.#blobs.stat(digest);
  }

  async #linkFrom(source: Key, digest: Digest): Promise<boolean> {
    const target = this.#keys.blob(digest);
    const [from, to] = [await this.#store.stat(source), await this.#store.stat(target)];
    if (from === undefined) return false;
    // What lies in a pool that came with a stranger's directory need not be what its name says.
    if (source === poolKey(digest) && !(await this.#isGood(source, from, digest, from.size))) return false;
    // Whoever linked it before may have been refused the sync of the directory, or killed before it.
    const isLinked = to?.label === from.label && (await this.#madeDurable({ digest, key: target }, to)) !== undefined;
    if (!isLinked && !(await this.#store.link(source, target))) return false;
    const linked = await this.#store.stat(target);
    // Another file, also a copy where links are refused, is hashed when it is asked for.
    if (linked?.label === from.label && this.#ledger.isRight(digest, from)) this.#ledger.setDurable(target, linked);
    this.#received.add(digest);
    return true;
  }

  async #isGood(key: Key, info: ObjectInfo, digest: Digest, size: number): Promise<boolean> {
    if (info.size !== size) return false;
    return this.#ledger.isRight(digest, info) || this.#checks.isRight({ digest, key });
  }

  /** Undefined where nothing is there, or what is wrong, or what nobody knows yet. */
  async #soundInfo(file: BlobFile, patience: Patience): Promise<ObjectInfo | undefined> {
    const info = await this.#store.stat(file.key);
    return info !== undefined && (await this.#isSound(file, info, patience)) ? info : undefined;
  }

  async #isSound(file: BlobFile, info: ObjectInfo, patience: Patience): Promise<boolean> {
    if (this.#checks.isTrusted(file.digest, info)) return true;
    const known = await this.#checks.known(file.digest, info);
    if (known !== undefined) return known;
    if (patience === 'wait' || this.#checks.isCheckedAtOnce(info)) return this.#checks.isRight(file);
    this.#checks.later(file);
    return false;
  }

  #isKnownDamaged(digest: Digest, info: ObjectInfo): boolean {
    return this.#checks.reads !== 'off' && this.#ledger.isDamaged(digest, info);
  }
}

/** Without those that somebody looks at in this very moment, who took a lease of them. */
function* digestsOf(references: Iterable<BlobReference>, looks: Looks): Generator<string> {
  for (const reference of references) if (!looks.has(lookOf(reference))) yield reference.digest;
}

function lookOf({ digest, size }: BlobReference): string {
  return `${digest} ${size}`;
}
