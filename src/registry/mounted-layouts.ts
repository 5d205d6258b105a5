// The layouts of one mount that are in use: their snapshots are kept for as many as memory allows, and made-up names keep nothing.
import { LRUCache } from 'lru-cache';
import { BlobChecks } from '../layout/blobs/blob-checks.ts';
import { BlobLedger, keptBlobFacts } from '../layout/blobs/blob-ledger.ts';
import type { WritingProcess } from '../layout/changes/writing-process.ts';
import type { LayoutPrefix } from '../layout/files/keys.ts';
import { ImageLayout } from '../layout/image-layout.ts';
import type { ManifestCaches } from '../layout/manifests/manifest-caches.ts';
import type { BackgroundWork } from '../layout/pacing/background-work.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { LayoutRules } from './layout-rules.ts';
import type { Mount } from './mount.ts';
import { nameAbove } from './mount.ts';
import { UploadSessions } from './upload-sessions.ts';

/** Snapshots of index.json are kept for as many repositories; a forgotten one is read again. */
const knownLayouts = 2_000;
const candidateLayouts = 200;

export interface SharedByLayouts {
  readonly caches: ManifestCaches;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined where no mount takes pushes. */
  readonly process: WritingProcess | undefined;
  readonly rules: LayoutRules;
  readonly checkedAtOnceBytes: number;
  readonly background: BackgroundWork;
}

export class MountedLayouts {
  readonly mount: Mount;
  /** Undefined where no pushes are taken. */
  readonly sessions: UploadSessions | undefined;
  readonly #shared: SharedByLayouts;
  readonly #writing: { readonly store: ObjectStore; readonly process: WritingProcess } | undefined;
  readonly #checks: BlobChecks;
  readonly #known = new LRUCache<LayoutPrefix, ImageLayout>({ max: knownLayouts });
  /** Names that were asked for and have shown no index.json yet. */
  readonly #candidates = new LRUCache<LayoutPrefix, ImageLayout>({ max: candidateLayouts });
  /** With work of their own still to do, e.g. checks after a foreign write: they outlive the caches above. */
  readonly #active = new Map<LayoutPrefix, ImageLayout>();

  constructor(mount: Mount, shared: SharedByLayouts) {
    this.mount = mount;
    this.#shared = shared;
    const { clock, process, rules } = shared;
    const { writer: store } = mount;
    this.#checks = checksOf(mount, shared);
    mount.linkedBlobs?.limitBy((prefix, digest) => this.at(prefix).blobs.statedSize(digest));
    this.#writing = store && process && { store, process };
    this.sessions = store && process && new UploadSessions({ store, clock, rules, owner: process.id });
  }

  get name(): RepositoryName | '' {
    return this.mount.name;
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

  /** What keeps layouts from being served, or pushes from being stored, in words for an operator. */
  async problems(): Promise<readonly string[]> {
    const problem = await this.mount.reader.problem();
    if (problem !== undefined) return [this.name === '' ? problem : `${this.name}: ${problem}`];
    // Also among the candidates: a repository that never could be read has not shown its index.json.
    const all = [this.#known, this.#candidates, this.#active].flatMap((some) => [...some.values()]);
    return (await Promise.all([...new Set(all)].map((layout) => layout.problems()))).flat();
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
    const { caches, clock, log, rules } = this.#shared;
    const { reader: store, facts } = this.mount;
    const name = nameAbove(this.mount, prefix);
    const onActive = (active: boolean) => (active ? this.#active.set(prefix, layout) : this.#active.delete(prefix));
    const changes = this.#writing && { ...this.#writing, onActive };
    const layout = new ImageLayout({
      prefix,
      name,
      rules,
      store,
      checks: this.#checks,
      caches,
      facts,
      clock,
      log,
      changes,
    });
    this.#candidates.set(prefix, layout);
    return layout;
  }
}

function checksOf(
  { reader: store, facts, isHashed = false }: Mount,
  { log, background, rules: { verifyReads }, checkedAtOnceBytes }: SharedByLayouts,
) {
  const ledger = new BlobLedger(facts && keptBlobFacts(facts, { log }));
  const reads = isHashed && verifyReads === 'once' ? 'off' : verifyReads;
  return new BlobChecks({ store, ledger, background, log, reads, atOnceBytes: checkedAtOnceBytes });
}
