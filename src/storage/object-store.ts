// The storage seam: bytes under keys, with one primitive for concurrency (`update`) and one for large content
// (`stage`, `append`, `commit`). Knows nothing of OCI. Every driver passes test/contract/object-store.contract.ts, and one that
// only reads its reading half, reading.contract.ts.
import type { Readable } from 'node:stream';
import type { Brand } from '../oci/brand.ts';
import type { UploadId } from '../oci/upload-id.ts';

/** A slash-separated path below the store's root, made by layout/keys.ts alone: no empty, `.` or `..` component. */
export type Key = Brand<string, 'Key'>;

/** Changes whenever the object under a key changes or is replaced; compared, never read. */
export type Version = Brand<string, 'Version'>;

/** Changes whenever an object directly below a prefix comes or goes; compared, never read. */
export type ListingVersion = Brand<string, 'ListingVersion'>;

/**
 * What stays the same of a version when the store itself publishes a staged object: known before the object is visible,
 * so that a record written beforehand can name it. A file system leaves out the change time, which a rename moves.
 */
export type VersionLabel = Brand<string, 'VersionLabel'>;

export interface ObjectInfo {
  readonly size: number;
  readonly version: Version;
  readonly label: VersionLabel;
  readonly modifiedAtMs: number;
  /**
   * When bytes, keys or attributes last changed, by the clock of the store: nobody can set it. Later than `modifiedAtMs` for what was copied with
   * its times, or got or lost a key.
   */
  readonly changedAtMs: number;
  /**
   * False while an in-place edit in the same tick of the file system's clock could have left the version unchanged:
   * what was read then must be read again a little later. Always true for versions that `update` or `write` published.
   */
  readonly settled: boolean;
  /** How many keys share these bytes. */
  readonly hardLinks: number;
}

export interface StoredObject {
  readonly info: ObjectInfo;
  readonly bytes: Uint8Array;
}

/** An object opened for reading; its bytes are those of one version even if the key is replaced meanwhile. */
export interface OpenObject {
  readonly info: ObjectInfo;
  /** A file descriptor for sendfile, valid until `close`; undefined where the store has none. */
  readonly fileDescriptor: number | undefined;
  /** All of its bytes, where they are in memory anyway; they never change. */
  readonly inMemory: Uint8Array | undefined;
  /** Fills `buffer` from offset `at` as far as it can; returns the bytes read, 0 at the end. */
  readInto(buffer: Uint8Array, at: number): Promise<number>;
  /** May be called again. */
  close(): Promise<void>;
}

export interface Child {
  readonly name: string;
  readonly kind: 'object' | 'prefix';
}

/** What `update` found under the key, before anything is read. */
export interface CurrentObject {
  readonly info: ObjectInfo;
  /**
   * Reads the object as it is now; the version read becomes the one that the replacement is checked against. Refuses what is larger
   * than `limit` bytes ('too-large').
   */
  read(limit: number): Promise<StoredObject>;
}

export interface SmallObject {
  readonly key: Key;
  readonly bytes: Uint8Array;
}

/** What goes once a replacement took it off the list. */
export interface Removal {
  readonly key: Key;
  /** Where its bytes are kept, under the name of nothing that is served; undefined: nowhere. */
  readonly keepAs: Key | undefined;
}

/**
 * What `change` wants done, in this order: `first` durable, staged bytes durable, `record` appended, the atomic replacement, `note`
 * appended, `remove` deleted.
 */
export interface Replacement {
  /** In one piece, or in several that stand one after the other. */
  readonly bytes: Uint8Array | readonly Uint8Array[];
  /** Objects that must be durable before the replacement is visible. Existing objects with the same bytes are kept. */
  readonly first: readonly SmallObject[];
  /**
   * Appended, not synced, before the replacement is visible: a journal of what `published` will be. Where the replacement
   * then fails, or `change` runs again, the journal names a label that was never seen.
   */
  record(published: VersionLabel): readonly SmallObject[];
  /**
   * Appended, not synced, once the replacement is durable and before another update of the key can begin: what can be worked out again
   * from what is there. So nothing fails for it: `problem` of `Updated` says why it is missing.
   */
  note(published: VersionLabel): readonly SmallObject[];
  /** Deleted after that, still before another update of the key can begin: a manifest that a delete took off the list. */
  readonly remove: readonly Removal[];
}

/** The object that a replacement took the place of, still open: an in-place writer that had it open finishes into it. */
export interface ReplacedObject {
  /**
   * The bytes, when they changed after `change` saw them; undefined when they did not. Given also where nobody can tell,
   * because the version was not settled: then they may be the same. Refuses what is larger than `limit` bytes ('too-large').
   */
  readIfChanged(limit: number): Promise<StoredObject | undefined>;
  close(): Promise<void>;
}

export interface Updated {
  /** False when `change` wanted nothing done. */
  readonly replaced: boolean;
  /** Of the object as `update` left it; undefined when there is none. */
  readonly info: ObjectInfo | undefined;
  /** To be closed by the caller; undefined when nothing was there or nothing was replaced. */
  readonly previous: ReplacedObject | undefined;
  /** What kept something from being noted, or from being kept under another key; the replacement holds all the same. */
  readonly problem: unknown;
}

/**
 * Computes the replacement of an object; undefined leaves it as it is. Free of effects, since it runs again
 * whenever the object changed before the replacement could be published; throwing ends the update.
 */
export type Change = (now: CurrentObject | undefined) => Promise<Replacement | undefined>;

export interface UpdateOptions {
  /**
   * Asked once the update is done: whether another one of the same key follows at once. Then what keeps other processes out may be kept
   * for it, for a moment.
   */
  readonly isFollowed?: () => boolean;
  /** For deletes and repairs, which must work on a full disk: space that was set aside for them is used. Deleting an object may always. */
  readonly mayUseReserve?: boolean;
}

export interface EmptyPrefixRules {
  /** Whether a prefix may go if nothing is in it, by the time of its last change, in milliseconds since the epoch. */
  readonly mayGo: (changedAtMs: number) => boolean;
  /** Which of the names in a prefix to look into. */
  readonly below: (prefix: Key, names: readonly string[]) => readonly string[];
}

/** In bytes. */
export interface Room {
  /** That may be written by us. */
  readonly free: number;
  /** Of the whole file system. */
  readonly total: number;
}

/** Attributes of an unfinished object, kept beside its bytes. */
export type StagedAttributes = Readonly<Record<string, string>>;

export interface StagedInfo {
  readonly id: UploadId;
  /** When bytes or attributes last changed. */
  readonly modifiedAtMs: number;
  /** Bytes held. */
  readonly size: number;
}

export interface AppendOptions {
  /**
   * Where the source begins; undefined: at the end. Another process that had the object before may still write the last bytes that it was sent,
   * which are those that the source gives again.
   */
  readonly at?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called once for each chunk in order, before or while it is written: where the caller hashes and counts. Throwing ends the append. */
  readonly onChunk: (chunk: Uint8Array) => void;
  /** True where nobody else looks at the source's chunks: the memory of those that are written is given back. */
  readonly ownsChunks?: boolean | undefined;
}

/** An unfinished object: invisible until committed, and still there after a restart. One appender at a time. */
export interface StagedObject {
  readonly id: UploadId;
  readonly attributes: StagedAttributes;
  /** Bytes held, asked of the store itself: the truth about progress, also when another process appended. */
  size(): Promise<number>;
  /**
   * Appends, at the current end unless it is told where, and returns the new size. The bytes are synced and outlive the process; from a few MiB on,
   * where resuming is worth it, the object as a whole outlives a power cut too. When the source fails, what it gave before is
   * kept; when `onChunk` throws or `signal` is aborted, what was written by then is: less than `onChunk` was told, perhaps.
   * The failure is thrown on. A failed sync poisons the object: it is discarded.
   */
  append(source: Readable, options: AppendOptions): Promise<number>;
  /** Cuts back to `size` bytes. */
  truncate(size: number): Promise<void>;
  /** The bytes from the start, e.g. to catch up a hash after a restart. */
  read(): AsyncIterable<Uint8Array>;
  /** Replaces the attributes: what others see at once, and a power cut may take back. */
  setAttributes(attributes: StagedAttributes): Promise<void>;
  /**
   * Publishes the bytes under `key`, durably and atomically, replacing what is there, and ends the staged object.
   * The caller has hashed exactly these bytes. Refuses ('unavailable'), and leaves the object, when somebody else replaced its
   * attributes since this one got them: another process has taken it over, and may write into the bytes at any time.
   */
  commit(key: Key): Promise<ObjectInfo>;
  /** Removes it; may be called again. */
  discard(): Promise<void>;
}

/**
 * Reading alone, as of an archive or of a directory that must stay as it is. Nothing is called absent that is only out of reach:
 * where a store is unmounted or replaced, everything throws 'unavailable'.
 */
export interface ObjectReader {
  /**
   * Tells where the objects are: another one when they were copied or unpacked somewhere else, so that a record about them can
   * say whether it was written here. '' where they cannot be anywhere else, or where nothing is recorded about them.
   */
  readonly place: string;
  /** Why nothing can be read, or stored where that is allowed, at the moment: in words for an operator, without paths. */
  problem(): Promise<string | undefined>;
  /** Cheap enough for every request. Absent objects, and things that are no regular objects, are undefined. */
  stat(key: Key): Promise<ObjectInfo | undefined>;
  /**
   * The size that an object seems to have, in bytes, told without reading anything: what must be read before it is answered may turn
   * out to be absent. For a list of what is there, never for an answer.
   */
  glance(key: Key): Promise<number | undefined>;
  /** True when the object still is the one that `info` describes: the question of every request, cheaper than a `stat`. */
  isCurrent(key: Key, info: ObjectInfo): Promise<boolean>;
  /**
   * The whole object, consistent with its info. Refuses what is larger than `limit` bytes (`StorageError` 'too-large'), and what
   * stands under the key without being a regular object ('unsafe'): whoever would write there later must not take it for absent.
   */
  read(key: Key, limit: number): Promise<StoredObject | undefined>;
  open(key: Key): Promise<OpenObject | undefined>;
  /** The direct children of a prefix in byte order; empty when there are none. */
  list(prefix: Key): Promise<readonly Child[]>;
  /**
   * Two equal answers mean that between them nothing came or went directly below the prefix; costs as much as a `stat`. Answers may
   * differ although nothing did, as while a change within a tick of the clock could not be told. Undefined when there is no such prefix.
   */
  listingVersion(prefix: Key): Promise<ListingVersion | undefined>;
  /** When something last came or went directly below the prefix, by the clock of the store; undefined where nothing tells. */
  prefixChangedAtMs(prefix: Key): Promise<number | undefined>;
  /** How much may be written where the objects are; undefined where that cannot be told, or nothing ever is. */
  room(): Promise<Room | undefined>;
  /** Unfinished objects, of all processes. */
  staged(): Promise<readonly StagedInfo[]>;
  /** Ends pending work and releases what is held open. */
  close(): Promise<void>;
}

/** Reading and writing. */
export interface ObjectStore extends ObjectReader {
  /**
   * Refuses ('no-space') new content of so many bytes that would leave less space than is kept for deletes, repairs and other
   * programs; with 0, also ('read-only') whatever may come where nothing can be written. To be asked before new content is taken; appends to a staged object ask by themselves as they go.
   */
  assertRoom(bytes: number): Promise<void>;
  /**
   * New content, atomically and durably: an object under `key`, and the same one under `sharedAs`, unless there is no space for that.
   * Undefined, and nothing is done, where something is under one of them already, or the store cannot share objects between the two: whoever
   * asks looks at what is there, and writes and links by itself.
   */
  create(bytes: Uint8Array, key: Key, sharedAs: Key | undefined): Promise<ObjectInfo | undefined>;
  /** Creates or replaces a small object, atomically and durably. */
  write(key: Key, bytes: Uint8Array): Promise<ObjectInfo>;
  /**
   * Random bytes under a key, the same for every process, made when they are asked for the first time, and hidden from everybody else; 'find' makes none.
   * Undefined where they belong to another user. A power cut may take them back: then there are others.
   */
  secret(key: Key, how: 'make' | 'find'): Promise<Uint8Array | undefined>;
  /** Appends to a small object, creating it; one write, not synced. */
  append(key: Key, bytes: Uint8Array): Promise<void>;
  /** The one concurrency primitive: concurrent updates of one key, of any number of processes, all take effect, one after another. */
  update(key: Key, change: Change, options?: UpdateOptions): Promise<Updated>;
  /**
   * Runs `work` while no `update` of the key runs, in any process: for what must not meet one. It must not update the key itself.
   * `work` is told whether the lock still is ours: another process may have taken it for that of a dead one. Undefined where nothing can be
   * locked, since the prefix that the key lies in is not there.
   */
  exclusively<Result>(key: Key, work: (isOurs: () => boolean) => Promise<Result>): Promise<Result | undefined>;
  /**
   * Gives an object another key, in one step. Not synced: a power cut leaves it under one of the two. False when `from` is absent, or
   * something is under `to`.
   */
  move(from: Key, to: Key): Promise<boolean>;
  /**
   * Makes `to` the same object as `from`, without copying where the store can share bytes, durably; replaces `to`.
   * False when `from` is absent, or is lost, since a sync of it failed before: nobody knows what a power cut leaves of it.
   */
  link(from: Key, to: Key): Promise<boolean>;
  /**
   * Makes an object that another program wrote durable, its directory entry included; undefined when it is absent, or is lost, since a sync
   * of it failed before: then it must be written again.
   */
  makeDurable(key: Key): Promise<ObjectInfo | undefined>;
  /**
   * Makes durable what lies directly below a prefix, as far as its names go: another process may have put it there, and been refused that, or
   * killed before it. Writes nothing, and nothing of ours where nothing is.
   */
  settle(prefix: Key): Promise<void>;
  /** False when it was absent. Empty parent prefixes are no objects and may vanish. */
  delete(key: Key): Promise<boolean>;
  /**
   * Removes empty prefixes below one, as far as the rules let it, with what became empty by that. What is in them is left alone, whatever it
   * is. Returns those that went.
   */
  removeEmpty(prefix: Key, rules: EmptyPrefixRules): Promise<readonly Key[]>;
  /**
   * Clears away what could not be removed when a write failed, and what crashes left, an hour after it was seen here for the first time. To be
   * called now and then.
   */
  sweep(): Promise<void>;
  stage(id: UploadId, attributes: StagedAttributes): Promise<StagedObject>;
  resume(id: UploadId): Promise<StagedObject | undefined>;
}
