// The layouts of one mount that are in use: their snapshots are kept for as many as memory allows, and made-up names keep nothing.
import { LRUCache } from 'lru-cache';
import { BlobChecks, type BlobFile, type PacedRead } from '../layout/blobs/blob-checks.ts';
import { BlobLedger, keptBlobFacts } from '../layout/blobs/blob-ledger.ts';
import type { SmallBlobs } from '../layout/blobs/small-blobs.ts';
import { Trash } from '../layout/blobs/trash.ts';
import type { LayoutChangesOptions } from '../layout/changes/layout-changes.ts';
import { newWritingProcess, type WritingProcess } from '../layout/changes/writing-process.ts';
import { type LayoutPrefix, layoutKeys, scrubKeys } from '../layout/files/keys.ts';
import { ImageLayout } from '../layout/image-layout.ts';
import { createManifestCaches, type ManifestCaches } from '../layout/manifests/manifest-caches.ts';
import type { BackgroundWork } from '../layout/pacing/background-work.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Clock } from '../storage/clock.ts';
import { type Log, silentLog } from '../storage/log.ts';
import type { Key, ObjectReader, ObjectStore } from '../storage/object-store.ts';
import { PlannedStore } from '../storage/planned/planned-store.ts';
import type { RequestTurns } from '../storage/request-turns.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { ByteRate } from './byte-rate.ts';
import { trashedPrefixes } from './collected-prefixes.ts';
import { GatherBudget } from './gathered-body.ts';
import type { LayoutRules } from './layout-rules.ts';
import type { Mount } from './mount.ts';
import { nameAbove } from './mount.ts';
import type { Quotas } from './quota/quotas.ts';
import { UploadSessions } from './upload-sessions.ts';
import { ofMount, type UploadSharers } from './upload-sharers.ts';

/** Snapshots of index.json are kept for as many repositories; a forgotten one is read again. */
const knownLayouts = 2_000;
const candidateLayouts = 200;

export interface SharedByLayouts {
  readonly caches: ManifestCaches;
  readonly smallBlobs?: SmallBlobs | undefined;
  readonly clock: Clock;
  readonly turns?: RequestTurns | undefined;
  readonly log: Log;
  /** Undefined where no mount takes pushes. */
  readonly process: WritingProcess | undefined;
  readonly rules: LayoutRules;
  readonly checkedAtOnceBytes: number;
  readonly background: BackgroundWork;
  readonly quotas: Quotas;
  /** The other processes of the server; undefined where there are none. */
  readonly sharers?: UploadSharers | undefined;
  /** For small blobs, whatever they are pushed to. */
  readonly gathering?: GatherBudget | undefined;
}

export interface ScrubPlace {
  readonly store: ObjectStore;
  readonly keys: { readonly state: Key; readonly claim: Key };
}

export interface ScrubPace {
  /** What was read within so long is not read again. */
  readonly everyMs: number;
  readonly rate: ByteRate;
  readonly signal: AbortSignal;
}

export type ScrubOutcome =
  | { readonly kind: 'gone' }
  | { readonly kind: 'known'; readonly hashedAtMs: number }
  | { readonly kind: 'read'; readonly bytes: number; readonly isRight: boolean };

export class MountedLayouts {
  readonly mount: Mount;
  /** Undefined where no pushes are taken. */
  readonly sessions: UploadSessions | undefined;
  readonly #shared: SharedByLayouts;
  readonly #writing: Omit<LayoutChangesOptions, 'onActive' | 'place'> | undefined;
  readonly #checks: BlobChecks;
  readonly #known = new LRUCache<LayoutPrefix, ImageLayout>({ max: knownLayouts });
  /** Names that were asked for and have shown no index.json yet. */
  readonly #candidates = new LRUCache<LayoutPrefix, ImageLayout>({ max: candidateLayouts });
  /** With work of their own still to do, e.g. checks after a foreign write: they outlive the caches above. */
  readonly #active = new Map<LayoutPrefix, ImageLayout>();

  constructor(mount: Mount, shared: SharedByLayouts) {
    this.mount = mount;
    this.#shared = shared;
    const { clock, process, rules, sharers } = shared;
    const { writer: store } = mount;
    this.#checks = checksOf(mount, shared);
    mount.linkedBlobs?.limitBy((prefix, digest) => this.at(prefix).blobs.statedSize(digest));
    const areShared = mount.collects === true;
    const leases = { graceMs: rules.collection.graceMs, areShared };
    this.#writing = store && process && { store, process, notesTimes: areShared, leases };
    const owner = sharers?.owner ?? process?.id ?? '';
    const { quotas, gathering: budget = new GatherBudget() } = shared;
    const uploads = { clock, rules, owner, quotas, budget, sharers: sharers && ofMount(sharers, mount.name) };
    this.sessions = store && process && new UploadSessions({ store, ...uploads });
  }

  get name(): RepositoryName | '' {
    return this.mount.name;
  }

  /** The same, where all that is changed stays in memory: what a run on it does is what it would do here. To be closed. */
  planned(): MountedLayouts {
    const { clock } = this.#shared;
    const { reader, writer, facts } = this.mount;
    const planned = (store: ObjectReader) => new PlannedStore(store, () => clock.now());
    const store = planned(reader);
    const plannedFacts = facts && { ...facts, store: facts.store === writer ? store : planned(facts.store) };
    return new MountedLayouts(
      { ...this.mount, reader: store, writer: store, facts: plannedFacts, linkedBlobs: undefined },
      {
        ...this.#shared,
        caches: createManifestCaches(),
        smallBlobs: undefined,
        log: silentLog,
        process: newWritingProcess(),
      },
    );
  }

  at(prefix: LayoutPrefix): ImageLayout {
    const known = this.#known.get(prefix) ?? this.#candidates.get(prefix) ?? this.#active.get(prefix);
    if (known === undefined) return this.#open(prefix);
    // A flood of made-up names must not push out the snapshots of repositories that exist.
    if (known.isLoaded && (this.#candidates.delete(prefix) || !this.#known.has(prefix))) this.#known.set(prefix, known);
    return known;
  }

  /** A layout that was read and is still known: the answer for nearly every request. */
  loaded(prefix: LayoutPrefix): ImageLayout | undefined {
    const known = this.#known.get(prefix);
    return known?.isLoaded === true ? known : undefined;
  }

  /** Where what nobody needs is deleted by itself; undefined where it is not. */
  get collected(): ObjectStore | undefined {
    return this.mount.collects === true ? this.mount.writer : undefined;
  }

  /** What an interrupted collection took out of layouts. */
  async putTrashBack(signal: AbortSignal): Promise<void> {
    const { reader, writer } = this.mount;
    if (writer === undefined) return;
    for await (const prefix of trashedPrefixes(reader)) {
      signal.throwIfAborted();
      await new Trash(writer, layoutKeys(prefix)).putAllBack();
    }
  }

  /** What keeps layouts from being served, or pushes from being stored, in words for an operator. */
  async problems(): Promise<readonly string[]> {
    const problem = await this.mount.reader.problem();
    if (problem !== undefined) return [this.name === '' ? problem : `${this.name}: ${problem}`];
    // Also among the candidates: a repository that never could be read has not shown its index.json.
    const all = [this.#known, this.#candidates, this.#active].flatMap((some) => [...some.values()]);
    return (await Promise.all([...new Set(all)].map((layout) => layout.problems()))).flat();
  }

  /** Where its scrub is remembered; undefined where nobody scrubs: what takes no pushes is somebody else's to look after. */
  get scrubbed(): ScrubPlace | undefined {
    const { facts, writer } = this.mount;
    return writer === undefined || facts === undefined
      ? undefined
      : { store: facts.store, keys: scrubKeys(facts.directory) };
  }

  /** Reads a blob file unless that was done lately: what is damaged is not answered from then on. */
  async scrubFile({ digest, key }: BlobFile, { everyMs, rate, signal }: ScrubPace): Promise<ScrubOutcome> {
    const { clock, log } = this.#shared;
    try {
      const info = await this.mount.reader.stat(key);
      if (info === undefined) return { kind: 'gone' };
      await this.#checks.ledger.load();
      const hashedAtMs = this.#checks.ledger.hashedAtMs(digest, info);
      const ageMs = hashedAtMs === undefined ? everyMs : clock.now() - hashedAtMs;
      // What lies in the future was written by a clock that was wrong.
      if (hashedAtMs !== undefined && ageMs >= 0 && ageMs < everyMs) return { kind: 'known', hashedAtMs };
      const read: PacedRead = async (object, buffer, at) => {
        const bytes = await object.readInto(buffer, at);
        await rate.take(bytes, signal);
        return bytes;
      };
      const isRight = await this.#checks.hashSlowly({ digest, key }, read, signal);
      return isRight === undefined ? { kind: 'gone' } : { kind: 'read', bytes: info.size, isRight };
    } catch (error) {
      if (signal.aborted || !(error instanceof StorageError)) throw error;
      // A volume that went away ends the pass; a disk that does not give one file back does not.
      if ((await this.mount.reader.problem()) !== undefined) throw error;
      log.warn('a blob file cannot be read: the disk may be failing', { key, error });
      return { kind: 'read', bytes: 0, isRight: false };
    }
  }

  /** What is known to be damaged and is not answered, in words for an operator: nothing that keeps anything else from being served. */
  async damage(): Promise<string | undefined> {
    const damaged = await this.#checks.damagedNow();
    const [first] = damaged;
    if (first === undefined) return undefined;
    const more = damaged.length === 1 ? '' : ` and ${damaged.length - 1} more`;
    const where = this.name === '' ? '' : `${this.name}: `;
    return `${where}${damaged.length === 1 ? 'a damaged file is' : 'damaged files are'} not served: ${first}${more}`;
  }

  async countDamaged(): Promise<number> {
    return (await this.#checks.damagedNow()).length;
  }

  /** Layouts of which the snapshot of index.json may be in memory. */
  get knownLayouts(): number {
    return this.#known.size;
  }

  /** Learns what other processes found out about the blobs here. */
  catchUp(): Promise<void> {
    return this.#checks.ledger.catchUp();
  }

  /** Runs the pending checks, so that nothing acknowledged is left to a foreign writer, and releases the store. */
  async close(): Promise<void> {
    const all = [this.#known, this.#candidates, this.#active].flatMap((some) => [...some.values()]);
    await Promise.all([...new Set(all)].map((layout) => layout.close()));
    await this.#checks.ledger.flush();
    await this.mount.reader.close();
  }

  #open(prefix: LayoutPrefix): ImageLayout {
    const { caches, smallBlobs, clock, turns, log, rules } = this.#shared;
    const { reader: store, facts } = this.mount;
    const name = nameAbove(this.mount, prefix);
    const onActive = (active: boolean) => (active ? this.#active.set(prefix, layout) : this.#active.delete(prefix));
    const place = { mount: this.name, prefix };
    const changes = this.#writing && { ...this.#writing, onActive, place };
    const layout = new ImageLayout({
      prefix,
      name,
      rules,
      store,
      checks: this.#checks,
      caches,
      smallBlobs,
      facts,
      clock,
      turns,
      log,
      changes,
    });
    this.#candidates.set(prefix, layout);
    return layout;
  }
}

function checksOf(
  { reader: store, facts, isHashed = false }: Mount,
  { log, clock, background, rules: { verifyReads }, checkedAtOnceBytes }: SharedByLayouts,
) {
  const ledger = new BlobLedger(facts && keptBlobFacts(facts, { log }), () => clock.now());
  const reads = isHashed && verifyReads === 'once' ? 'off' : verifyReads;
  return new BlobChecks({ store, ledger, background, log, reads, atOnceBytes: checkedAtOnceBytes });
}
