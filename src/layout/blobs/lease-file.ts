// The leases of one layout in two files, for every process of the root: a line for each, appended and never synced. A power cut takes away
// what clients were told in its last moments; they ask again.
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { Key, ObjectReader, ObjectStore } from '../../storage/object-store.ts';
import type { LayoutKeys } from '../files/keys.ts';

const pieceBytes = 1024 * 1024;

export interface Lease {
  readonly digest: Digest;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** How long it holds, in milliseconds: as whoever gave it was set, whatever others are. */
  readonly forMs: number;
}

/** How long ago something was written down, in milliseconds. */
export interface LeaseAges {
  since(atMs: number): number;
}

export async function appendLeases(store: ObjectStore, key: Key, leases: readonly Lease[]): Promise<void> {
  // A line that a crash cut short must not become a part of the next.
  const text = leases.map(({ digest, atMs, forMs }) => `\n${digest} ${Math.round(atMs)} ${forMs}\n`).join('');
  await store.append(key, Buffer.from(text));
}

export class LeaseFile {
  readonly #store: ObjectReader;
  readonly #current: Key;
  readonly #before: Key;
  /** By file: up to where it was read. */
  readonly #seen = new Map<Key, number>();
  /** The newest of each blob. */
  readonly #leases = new Map<Digest, Lease>();

  constructor(store: ObjectReader, { leases, leasesBefore }: Pick<LayoutKeys, 'leases' | 'leasesBefore'>) {
    this.#store = store;
    this.#current = leases;
    this.#before = leasesBefore;
  }

  /** The blobs that are leased now: only what came since the last time is read. */
  async read(ages: LeaseAges): Promise<ReadonlySet<Digest>> {
    for (const key of [this.#before, this.#current]) await this.#readMore(key);
    const leased = new Set<Digest>();
    for (const lease of this.#leases.values()) if (!isOver(lease, ages)) leased.add(lease.digest);
    return leased;
  }

  /**
   * Under the lock of the index, by the one collection that runs: begins a new file once the first lease of this one ended, and deletes one in
   * which all have. Whoever opened a file before that writes into one that is still read.
   */
  async renew(store: ObjectStore, ages: LeaseAges): Promise<void> {
    const { first } = await this.#span(this.#current);
    if (first !== undefined && !isOver(first, ages)) return;
    const before = await this.#span(this.#before);
    if (before.last !== undefined && isOver(before.last, ages)) await store.delete(this.#before);
    if (first !== undefined) await store.move(this.#current, this.#before);
    this.#seen.clear();
    this.#leases.clear();
  }

  async #span(key: Key): Promise<{ first: Lease | undefined; last: Lease | undefined }> {
    let first: Lease | undefined;
    let last: Lease | undefined;
    for await (const text of this.#textFrom(key, 0)) {
      for (const lease of leasesIn(text)) {
        first ??= lease;
        if (last === undefined || endOf(lease) > endOf(last)) last = lease;
      }
    }
    return { first, last };
  }

  async #readMore(key: Key): Promise<void> {
    for await (const text of this.#textFrom(key, this.#seen.get(key) ?? 0)) {
      for (const lease of leasesIn(text)) {
        const known = this.#leases.get(lease.digest);
        if (known === undefined || endOf(lease) > endOf(known)) this.#leases.set(lease.digest, lease);
      }
    }
  }

  /** Whole lines. */
  async *#textFrom(key: Key, start: number): AsyncGenerator<string> {
    const object = await this.#store.open(key);
    if (object === undefined) return;
    try {
      // A shorter file is another one.
      let at = start > object.info.size ? 0 : start;
      const buffer = Buffer.alloc(Math.min(pieceBytes, Math.max(1, object.info.size - at)));
      for (let read = await object.readInto(buffer, at); read > 0; read = await object.readInto(buffer, at)) {
        const text = buffer.toString('latin1', 0, read);
        const end = text.lastIndexOf('\n') + 1;
        if (end === 0 && read < pieceBytes) return;
        // No line is so long: what a stranger wrote must not hide the leases behind it.
        at += end === 0 ? read : end;
        this.#seen.set(key, at);
        yield text.slice(0, end);
      }
    } finally {
      await object.close();
    }
  }
}

const number = /^\d{1,16}$/;
/** As long as a setting may be: whatever wrote more keeps nothing for ever. */
const longestMs = 3_653 * 24 * 3_600_000;

function isOver({ atMs, forMs }: Lease, ages: LeaseAges): boolean {
  return ages.since(atMs) > forMs;
}

function endOf({ atMs, forMs }: Lease): number {
  return atMs + forMs;
}

function* leasesIn(text: string): Generator<Lease> {
  for (const line of text.split('\n')) {
    const [digest = '', at = '', span = ''] = line.split(' ');
    if (isDigest(digest) && number.test(at) && number.test(span))
      yield { digest, atMs: Number(at), forMs: Math.min(Number(span), longestMs) };
  }
}
