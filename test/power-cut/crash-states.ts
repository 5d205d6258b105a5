// What a power cut may leave of a disk, by POSIX: what was synced is there; a name that was not may or may not be, in any order; bytes that were
// not synced may be there, be cut short, or be zeros. Renames are whole: a name is never lost in the middle of one.
import { createHash } from 'node:crypto';
import {
  applyToBytes,
  type DiskEvent,
  type DiskImage,
  type EntryChange,
  type ImageNode,
  rootNode,
} from '../support/simulated-disk/disk-image.ts';

type DataEvent = DiskEvent & { readonly kind: 'write' | 'truncate' };

interface FileState {
  durable: Buffer;
  pending: DataEvent[];
  /** What it may hold, once somebody asked. */
  variants?: readonly Buffer[] | undefined;
}

/** Of one change of names: what of it may still be lost. */
interface PendingChange {
  readonly changes: readonly EntryChange[];
  readonly order: number;
  /** How many of them are on the disk for certain. */
  synced: number;
}

type OrderedChange = EntryChange & { readonly order: number };
type Choice = readonly OrderedChange[];

/** What a name leads to on the disk, and since which change. */
interface DurableEntry {
  readonly node: number | undefined;
  readonly order: number;
}

/** A small generator of numbers, so that a sample is the same each time. */
export function randomFrom(seed: number): () => number {
  let state = seed % 2_147_483_647 || 1;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

export class CrashStates {
  readonly #files = new Map<number, FileState>();
  readonly #directories = new Map<number, Map<string, DurableEntry>>([[rootNode, new Map()]]);
  /** Directories of our own work, all of it but the pool: their names may be there or not, and nobody is told which. */
  readonly #ownDirectories = new Set<number>();
  /** Files that had a name outside of these: what they hold is served. The others may lose what was not synced, all together. */
  readonly #served = new Set<number>();
  #pending: PendingChange[] = [];
  #changes = 0;
  #sampled = 0;

  /** At so many moments there were more states than `limit`, and not all of them were given. */
  get sampledMoments(): number {
    return this.#sampled;
  }

  apply(event: DiskEvent): void {
    if (event.kind === 'create') {
      if (event.type === 'file') this.#files.set(event.node, { durable: Buffer.alloc(0), pending: [] });
      else this.#directories.set(event.node, new Map());
    } else if (event.kind === 'entries') {
      this.#changes += 1;
      this.#pending.push({ changes: event.changes, order: this.#changes, synced: 0 });
      for (const change of event.changes) this.#learn(change);
    } else if (event.kind === 'write' || event.kind === 'truncate') {
      const file = this.#files.get(event.node);
      file?.pending.push(event);
      if (file !== undefined) file.variants = undefined;
    } else if (event.kind === 'sync') this.#sync(event.node);
  }

  #learn({ directory, name, node }: EntryChange): void {
    if (node === undefined) return;
    if (this.#directories.has(node)) {
      const isOwn = this.#ownDirectories.has(directory) ? name !== 'pool' : name === '.moorage';
      if (isOwn) this.#ownDirectories.add(node);
    } else if (!this.#ownDirectories.has(directory)) this.#served.add(node);
  }

  /** Every state, or so many of them that `limit` names: those with one thing lost, with one thing kept, and a sample of the rest. */
  *images(limit: number, random: () => number): Generator<DiskImage> {
    const open = this.#pending.map(({ changes, order, synced }) =>
      changes.slice(synced).map((change) => ({ ...change, order })),
    );
    const isOwn = ({ directory }: EntryChange) => this.#ownDirectories.has(directory);
    const names = open.map((changes) => choicesOf(changes.filter((change) => !isOwn(change))));
    const files = [...this.#files].filter(([node, { pending }]) => pending.length > 0 && this.#served.has(node));
    const bytes = files.map(([, file]) => variantsOf(file));
    const sizes = [...names.map((each) => each.length), ...bytes.map((each) => each.length), recordModes, ownModes];
    if (sizes.reduce((product, size) => product * size, 1) > limit) this.#sampled += 1;
    for (const picked of picks(sizes, limit, random)) {
      const chosen = names.flatMap((choices, at) => {
        const others = choices[picked[at] ?? 0] ?? [];
        return [...others, ...ownChanges(open[at] ?? [], others, picked.at(-1) ?? 0, isOwn)];
      });
      const contents = new Map(files.map(([node], at) => [node, bytes[at]?.[picked[names.length + at] ?? 0]]));
      yield this.#image(chosen, contents, picked.at(-2) ?? 0);
    }
  }

  #sync(node: number): void {
    const file = this.#files.get(node);
    if (file !== undefined) {
      file.durable = bytesAfter(file.durable, file.pending);
      file.pending = [];
      file.variants = undefined;
    }
    if (!this.#directories.has(node)) return;
    for (const pending of this.#pending) {
      const last = pending.changes.findLastIndex(({ directory }) => directory === node);
      for (const change of pending.changes.slice(pending.synced, last + 1)) {
        const entries = this.#directories.get(change.directory);
        const before = entries?.get(change.name);
        if ((before?.order ?? 0) < pending.order)
          entries?.set(change.name, { node: change.node, order: pending.order });
      }
      pending.synced = Math.max(pending.synced, last + 1);
    }
    this.#pending = this.#pending.filter(({ changes, synced }) => synced < changes.length);
  }

  #image(chosen: Choice, contents: ReadonlyMap<number, Buffer | undefined>, recordMode: number): DiskImage {
    const image = new Map<number, ImageNode>();
    const directories = new Map([...this.#directories].map(([node, entries]) => [node, new Map(entries)]));
    for (const { directory, name, node, order } of chosen) {
      const entries = directories.get(directory);
      if ((entries?.get(name)?.order ?? 0) < order) entries?.set(name, { node, order });
    }
    const visit = (number: number) => {
      if (image.has(number)) return;
      const file = this.#files.get(number);
      if (file !== undefined) {
        const record = this.#served.has(number) ? [] : variantsOf(file);
        const bytes = contents.get(number) ?? record[Math.min(recordMode, record.length - 1)] ?? file.durable;
        image.set(number, { kind: 'file', bytes });
        return;
      }
      const entries = new Map<string, number>();
      for (const [name, { node }] of directories.get(number) ?? []) if (node !== undefined) entries.set(name, node);
      image.set(number, { kind: 'directory', entries });
      for (const child of entries.values()) visit(child);
    };
    visit(rootNode);
    return image;
  }
}

/** All of what was written, nothing, a part, zeros. */
const recordModes = 4;

/** The first is as if there had been no power cut. Of a rename the new name alone, or both. */
function choicesOf(open: Choice): readonly Choice[] {
  if (open.length === 0) return [[]];
  return [open, [], ...(open.length > 1 ? [open.slice(0, 1)] : [])];
}

/** In our own directories: everything, nothing, or what came without what went. Together, or nobody could look at all of it. */
const ownModes = 3;

function ownChanges(open: Choice, others: Choice, mode: number, isOwn: (change: EntryChange) => boolean): Choice {
  const own = open.filter(isOwn);
  // A name is never lost in the middle of a rename: it stays where it was, or is where it was to be.
  const hasNoTarget = open.some((change) => !isOwn(change) && change.node !== undefined) && others.length === 0;
  const added = own.filter(({ node }) => node !== undefined);
  if (mode === 0) return hasNoTarget ? added : own;
  return mode === 1 ? [] : added;
}

/** The first is as if there had been no power cut. */
function variantsOf(file: FileState): readonly Buffer[] {
  file.variants ??= allVariants(file);
  return file.variants;
}

function allVariants({ durable, pending }: FileState): readonly Buffer[] {
  if (pending.length === 0) return [durable];
  const all = bytesAfter(durable, pending);
  const half = bytesAfter(durable, halfOf(pending));
  const zeros = Buffer.alloc(all.length);
  durable.copy(zeros, 0, 0, Math.min(durable.length, zeros.length));
  const found: Buffer[] = [];
  for (const each of [all, durable, half, zeros]) if (!found.some((other) => other.equals(each))) found.push(each);
  return found;
}

function halfOf(pending: readonly DataEvent[]): readonly DataEvent[] {
  const last = pending.at(-1);
  if (last?.kind !== 'write') return pending.slice(0, -1);
  return [...pending.slice(0, -1), { ...last, bytes: last.bytes.subarray(0, last.bytes.length >> 1) }];
}

function bytesAfter(bytes: Buffer, events: readonly DataEvent[]): Buffer {
  return events.reduce(applyToBytes, bytes);
}

function* picks(sizes: readonly number[], limit: number, random: () => number): Generator<readonly number[]> {
  const all = sizes.reduce((product, size) => product * size, 1);
  if (all <= limit) {
    for (let number = 0; number < all; number += 1) yield digitsOf(number, sizes);
    return;
  }
  const kept = sizes.map(() => 0);
  const lost = sizes.map((size) => Math.min(1, size - 1));
  yield kept;
  yield lost;
  for (const [at, size] of sizes.entries()) {
    for (let choice = 1; choice < size; choice += 1) yield kept.map((each, other) => (other === at ? choice : each));
    yield lost.map((each, other) => (other === at ? 0 : each));
  }
  for (let left = limit; left > 0; left -= 1) yield sizes.map((size) => Math.floor(random() * size));
}

function digitsOf(number: number, sizes: readonly number[]): readonly number[] {
  let rest = number;
  return sizes.map((size) => {
    const digit = rest % size;
    rest = Math.floor(rest / size);
    return digit;
  });
}

const digests = new WeakMap<Buffer, string>();

function digestOfBytes(bytes: Buffer): string {
  const known = digests.get(bytes);
  if (known !== undefined) return known;
  const digest = bytes.length === 0 ? '' : createHash('sha1').update(bytes).digest('base64');
  digests.set(bytes, digest);
  return digest;
}

/** The same for two images that nobody can tell apart. */
export function signatureOf(image: DiskImage): string {
  const lines: string[] = [];
  const visit = (number: number, path: string) => {
    const node = image.get(number);
    if (node?.kind === 'file') lines.push(`${path} ${number} ${digestOfBytes(node.bytes)}`);
    else
      for (const name of [...(node?.entries.keys() ?? [])].sort())
        visit(node?.entries.get(name) ?? 0, `${path}/${name}`);
    if (node?.kind === 'directory') lines.push(path);
  };
  visit(rootNode, '');
  return createHash('sha1').update(lines.join('\n')).digest('hex');
}
