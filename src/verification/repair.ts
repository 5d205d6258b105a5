// Mends what a verification found: a good copy takes the place of every link of a bad file, or the bad file is put aside. Each step is one
// rename, so that whoever is interrupted begins again where it was.
import { putGoodBytes } from '../layout/blobs/good-bytes.ts';
import { putAside } from '../layout/blobs/quarantine.ts';
import { layoutKeys, ociLayoutBytes, poolKey } from '../layout/files/keys.ts';
import { IndexUnreadableError } from '../layout/index/index-document.ts';
import { readIndexDocument } from '../layout/index/index-patience.ts';
import { LayoutIndex } from '../layout/index/layout-index.ts';
import { digestOfObject } from '../layout/pacing/paced-digest.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { algorithmOf, type Digest, digestAlgorithms } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { parseManifest } from '../oci/manifest.ts';
import { RemoteError } from '../remote/remote-error.ts';
import type { Key, ObjectReader, ObjectStore, VersionLabel } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { DamagedContent, UnmarkedLayout } from './damage.ts';
import { GoodCopies, type SearchedMount } from './good-copies.ts';
import { type GoodCopy, once } from './good-copy.ts';
import { type GoodSource, isAbsentCopy } from './good-source.ts';
import type { Repair } from './verification.ts';

interface BadFile {
  readonly label: VersionLabel;
  readonly size: number;
  /** What its bytes are; undefined where it cannot be read. */
  readonly actual: Digest | undefined;
}

/** The place of a bad file, or of one that is gone. */
interface BadPlace {
  readonly key: Key;
  /** The index whose lock keeps updates away; undefined for the pool. */
  readonly index: Key | undefined;
  /** Undefined where nothing is there. */
  readonly bad: BadFile | undefined;
}

/** Larger ones are no manifests. */
const maxManifestBytes = 16 * 1024 * 1024;

export interface RepairOptions {
  /** Opened for writing where that is possible. */
  readonly mounts: readonly SearchedMount[];
  readonly source: GoodSource | undefined;
}

export class Repairs {
  readonly #mounts: readonly SearchedMount[];
  readonly #copies: GoodCopies;

  constructor({ mounts, source }: RepairOptions) {
    this.#mounts = mounts;
    this.#copies = new GoodCopies(mounts, source);
  }

  /** Of one mount, each digest once, whatever repositories it is damaged in. */
  async mend(damaged: readonly DamagedContent[]): Promise<readonly Repair[]> {
    const repairs: Repair[] = [];
    for (const [path, ofMount] of grouped(damaged, ({ mount }) => mount.path)) {
      const searched = this.#mounts.find(({ mount }) => mount.path === path);
      for (const [digest, places] of grouped(ofMount, (each) => each.digest)) {
        repairs.push(...(await this.#mendOne(searched, digest as Digest, places)));
      }
    }
    return repairs;
  }

  /** What an earlier run put in its place, and could not sync, looks whole by now. Returns where that cannot be done. */
  async settle(): Promise<readonly Repair[]> {
    const repairs: Repair[] = [];
    for (const { mount, prefixes } of this.#mounts) {
      for (const prefix of mount.writer === undefined ? [] : prefixes) {
        const keys = layoutKeys(prefix);
        try {
          await mount.writer?.settle(keys.directory);
          for (const algorithm of digestAlgorithms) await mount.writer?.settle(keys.blobs(algorithm));
        } catch (error) {
          if (!(error instanceof StorageError)) throw error;
          repairs.push({ digest: undefined, path: keys.directory, outcome: 'kept', detail: error.message });
        }
      }
    }
    return repairs;
  }

  /** Writes the file that says what a layout is. */
  async mark(layouts: readonly UnmarkedLayout[]): Promise<readonly Repair[]> {
    const repairs: Repair[] = [];
    for (const { mount: found, prefix } of layouts) {
      const store = this.#mounts.find(({ mount }) => mount.path === found.path)?.mount.writer;
      const path = layoutKeys(prefix).ociLayout;
      const kept = (detail: string): Repair => ({ digest: undefined, path, outcome: 'kept', detail });
      if (store === undefined) {
        repairs.push(kept(whyNot(found)));
        continue;
      }
      try {
        if ((await store.stat(path)) === undefined) await store.write(path, ociLayoutBytes);
        repairs.push({ digest: undefined, path, outcome: 'mended', detail: 'the specification' });
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        repairs.push(kept(error.message));
      }
    }
    return repairs;
  }

  async #mendOne(
    searched: SearchedMount | undefined,
    digest: Digest,
    damaged: readonly DamagedContent[],
  ): Promise<readonly Repair[]> {
    const store = searched?.mount.writer;
    const kept = (detail: string): readonly Repair[] =>
      damaged.map(({ prefix }) => ({ digest, path: placeOf(prefix, digest), outcome: 'kept', detail }));
    if (searched === undefined || store === undefined) return kept(whyNot(damaged[0]?.mount));
    try {
      const places = await badPlaces(store, searched, digest, damaged);
      if (places.length === 0) return [];
      const size = damaged.find((each) => each.size !== undefined)?.size ?? places[0]?.bad?.size ?? 0;
      const bad = new Set(places.flatMap((place) => (place.bad === undefined ? [] : [place.bad.label])));
      const names = searched.prefixes.filter((prefix) => damaged.some((each) => each.prefix === prefix));
      let problem: string | undefined;
      for await (const copy of this.#copies.of({ digest, size, names, bad })) {
        const put = await putEverywhere(store, digest, places, copy);
        if (put === 'put')
          return places.map(({ key }) => ({ digest, path: key, outcome: 'mended', detail: copy.from }));
        if (put !== 'none') problem = `${copy.from}: ${put.problem}`;
      }
      // As long as somebody may have a good copy, nothing is put aside.
      return problem === undefined ? await quarantined(store, digest, places) : kept(problem);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return kept(error.message);
    }
  }
}

function whyNot(mount: OpenedMount | undefined): string {
  const path = mount?.path ?? 'it';
  return mount?.kind === 'archive'
    ? `${path} is an archive, which is never changed: make it again`
    : `${path} cannot be written to`;
}

function placeOf(prefix: DamagedContent['prefix'], digest: Digest): Key {
  return prefix === undefined ? poolKey(digest) : layoutKeys(prefix).blob(digest);
}

/** Every file of that digest in the mount that is bad now, and those that are gone where they were looked for. */
async function badPlaces(
  store: ObjectStore,
  { prefixes }: SearchedMount,
  digest: Digest,
  damaged: readonly DamagedContent[],
): Promise<readonly BadPlace[]> {
  const gone = new Set<Key>();
  for (const each of damaged) if (await isMissed(store, each)) gone.add(placeOf(each.prefix, digest));
  const places: BadPlace[] = [];
  const known = new Map<VersionLabel, Digest | undefined>();
  const candidates = [
    ...prefixes.map((prefix) => ({ key: layoutKeys(prefix).blob(digest), index: layoutKeys(prefix).index })),
    ...prefixes.map((prefix) => ({ key: layoutKeys(prefix).keptManifest(digest), index: undefined })),
    { key: poolKey(digest), index: undefined },
  ];
  for (const { key, index } of candidates) {
    const info = await store.stat(key);
    if (info === undefined) {
      if (gone.has(key)) places.push({ key, index, bad: undefined });
      continue;
    }
    const { label, size } = info;
    const actual = known.has(label) ? known.get(label) : await digestAt(store, key, digest);
    known.set(label, actual);
    if (actual !== digest) places.push({ key, index, bad: { label, size, actual } });
  }
  return places;
}

/** False for what was deleted meanwhile: it must not come back. */
async function isMissed(store: ObjectReader, { state, prefix, holder, digest }: DamagedContent): Promise<boolean> {
  if (state !== 'gone' || prefix === undefined) return false;
  const keys = layoutKeys(prefix);
  if (holder !== undefined) return (await store.stat(keys.blob(holder))) !== undefined;
  try {
    const document = await readIndexDocument(store, keys.index);
    return document !== undefined && LayoutIndex.of(document).listed(digest).length > 0;
  } catch (error) {
    // Somebody writes it in place just now: the next run sees.
    if (error instanceof IndexUnreadableError) return false;
    throw error;
  }
}

/** Undefined for what went meanwhile, or cannot be read. Throws where nothing can. */
async function digestAt(store: ObjectReader, key: Key, digest: Digest): Promise<Digest | undefined> {
  try {
    const object = await store.open(key);
    if (object === undefined) return undefined;
    try {
      return await digestOfObject(object, algorithmOf(digest));
    } finally {
      await object.close();
    }
  } catch (error) {
    if (!(error instanceof StorageError) || (await store.problem()) !== undefined) throw error;
    return undefined;
  }
}

/** `none` where the copy turns out to be none, and the problem where nobody can tell. */
type Put = 'put' | 'none' | { readonly problem: string };

/** Good bytes over good bytes of a push that came first change nothing. */
async function putEverywhere(
  store: ObjectStore,
  digest: Digest,
  places: readonly BadPlace[],
  copy: GoodCopy,
): Promise<Put> {
  try {
    const manifest = await manifestOf(copy);
    let first: { readonly key: Key; readonly label: VersionLabel } | undefined;
    // A link is made of what lies in the same store; a manifest stays a file of its own.
    if (manifest === undefined && copy.file?.store === store) first = copy.file;
    for (const { key } of places) {
      if (first !== undefined && (await store.link(first.key, key))) {
        if ((await store.stat(key))?.label === first.label) continue;
      }
      const put = await putGoodBytes(store, { digest, key }, manifest === undefined ? copy.bytes() : once(manifest));
      if (put === undefined) return 'none';
      if (manifest === undefined) first = { key, label: put.label };
    }
    return 'put';
  } catch (error) {
    if (isAbsentCopy(error)) return 'none';
    if (error instanceof RegistryError || error instanceof RemoteError) return { problem: error.message };
    throw error;
  }
}

/** The bytes of what looks like a manifest; undefined for everything else, and for what is too large for one. */
async function manifestOf(copy: GoodCopy): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of copy.bytes()) {
    if (size === 0 && piece[0] !== brace) return undefined;
    size += piece.byteLength;
    if (size > maxManifestBytes) return undefined;
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  try {
    parseManifest(bytes, undefined);
    return bytes;
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

const brace = '{'.charCodeAt(0);

async function quarantined(
  store: ObjectStore,
  digest: Digest,
  places: readonly BadPlace[],
): Promise<readonly Repair[]> {
  const repairs: Repair[] = [];
  for (const { key, index, bad } of places) {
    if (bad === undefined) {
      repairs.push({ digest, path: key, outcome: 'kept', detail: 'it is gone, and nobody has a good copy' });
      continue;
    }
    const { label, actual } = bad;
    // Whoever may read it may find it whole.
    if (actual === undefined) {
      repairs.push({ digest, path: key, outcome: 'kept', detail: 'it cannot be read, and nobody has a good copy' });
      continue;
    }
    const put = () => putAside(store, { digest, key, label, actual });
    // Pushes of the repository wait for it; a blob that is pushed at this moment stays where it is.
    const aside = index === undefined ? await put() : await store.exclusively(index, put);
    if (aside !== undefined) repairs.push({ digest, path: key, outcome: 'quarantined', detail: aside });
  }
  return repairs;
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
