// One upload session, and all that a chunk must be to become part of it, in the order in which it is checked (distribution-spec,
// Pushing a blob in chunks): whose turn it is, which process owns the session, where the chunk starts, how long it says it is, what
// there is room for, how long it is, and what is kept of one that failed.
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { UploadId } from '../oci/upload-id.ts';
import type { ObjectStore, StagedObject } from '../storage/object-store.ts';
import { meansNoSpace, StorageError } from '../storage/storage-error.ts';
import { type GatherBudget, gathered } from './gathered-body.ts';
import type { BodyLimit } from './quota/quotas.ts';
import type { SessionHash } from './session-hash.ts';
import { type Interruption, SessionTurn } from './session-turn.ts';
import { UnbegunUpload } from './unbegun-upload.ts';
import { type Chunk, type ChunkRange, UploadRangeError, type UploadStatus } from './upload-chunk.ts';
import type { HashedBytes } from './upload-sharers.ts';

/** Another process stored the first bytes of an upload while this one knew it without any. */
export class BegunElsewhereError extends Error {}

export interface UploadSessionOptions {
  readonly id: UploadId;
  readonly repository: RepositoryName;
  /** Who began it and alone may go on; undefined where nobody asked. */
  readonly uploader: string | undefined;
  readonly hash: SessionHash;
  readonly store: ObjectStore;
  /** Names this process, or with others its server, among all that share the root. */
  readonly owner: string;
  readonly budget: GatherBudget;
  /** Given while nothing of it is stored, and its id tells that it was begun. */
  readonly unbegun: (() => UnbegunUpload) | undefined;
  /** Called when there is no such session any more. */
  readonly onEnd: () => void;
}

export class UploadSession {
  readonly repository: RepositoryName;
  readonly uploader: string | undefined;
  readonly #options: UploadSessionOptions;
  readonly #turn = new SessionTurn();
  /** Once it was, it is gone with what was stored. */
  #wasStored = false;

  constructor(options: UploadSessionOptions) {
    this.repository = options.repository;
    this.uploader = options.uploader;
    this.#options = options;
  }

  /** True while a request holds the session or waits for it. */
  get busy(): boolean {
    return this.#turn.busy;
  }

  /** False while nothing of it is stored: whoever knows its id knows all of it. */
  get isBegun(): boolean {
    return this.#options.unbegun === undefined || this.#wasStored;
  }

  /**
   * Runs `work` once every earlier request has ended. Throws BLOB_UPLOAD_UNKNOWN when one of them, or another process, ended the
   * session, and BegunElsewhereError. The record is read once for that; `found` is the record of a session that no request has held yet, just read or written.
   */
  hold<Result>(work: (held: HeldSession) => Promise<Result>, found?: StagedObject): Promise<Result> {
    return this.#turn.take(async (interruption) => {
      const staged = found ?? (await this.#read());
      this.#wasStored ||= !(staged instanceof UnbegunUpload);
      const changedOwner = await takeOwnership(staged, this.#options.owner);
      try {
        return await work(new HeldSession(this.#options, { staged, changedOwner, interruption }));
      } finally {
        this.#wasStored ||= staged instanceof UnbegunUpload && staged.isBegun;
      }
    });
  }

  /**
   * Another process of the server goes on with it. Resolves when every request that held it here has ended, with its last write; those that
   * run are asked to end. Nobody takes it here any more.
   */
  letGo(): Promise<HashedBytes | undefined> {
    const { id, store, hash } = this.#options;
    return this.#turn.take(async () => {
      const staged = await store.resume(id);
      return staged && hash.hashed(await staged.size());
    });
  }

  async #read(): Promise<StagedObject> {
    const { id, store, unbegun, onEnd } = this.#options;
    const staged = await store.resume(id);
    if (isSessionOf(staged, this.#options)) {
      // Whoever stored it may have it open: it is asked for as one that was found.
      if (unbegun !== undefined && !this.#wasStored) throw new BegunElsewhereError();
      return staged;
    }
    if (staged === undefined && unbegun !== undefined && !this.#wasStored) return unbegun();
    onEnd();
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
  }
}

interface Held {
  readonly staged: StagedObject;
  readonly changedOwner: boolean;
  readonly interruption: Interruption;
}

/** A session while one request holds it. */
export class HeldSession {
  readonly staged: StagedObject;
  readonly hash: SessionHash;
  /** Another process had it at some time, and may still hold its file open: its bytes may change under us. */
  readonly changedOwner: boolean;
  readonly #interruption: Interruption;
  readonly #session: UploadSessionOptions;

  constructor(session: UploadSessionOptions, { staged, changedOwner, interruption }: Held) {
    this.staged = staged;
    this.hash = session.hash;
    this.changedOwner = changedOwner;
    this.#interruption = interruption;
    this.#session = session;
  }

  /**
   * What `use` makes of the whole of a blob, if it is small, held in memory: nothing of it is stored before, so all of it or nothing is there
   * afterwards. Undefined where it is to be appended. Throws as `append` does, and what `use` throws.
   */
  async gather<Result>(
    chunk: Chunk,
    limits: readonly BodyLimit[],
    use: (bytes: Buffer) => Promise<Result>,
  ): Promise<Result | undefined> {
    const { id, store, budget } = this.#session;
    const { body } = chunk;
    if (!(this.staged instanceof UnbegunUpload) || this.staged.isBegun) return undefined;
    const length = body === undefined ? 0 : chunk.length;
    assertChunkFits({ id, size: 0 }, { ...chunk, length });
    if (body === undefined || length === 0) return use(Buffer.alloc(0));
    await store.assertRoom(length ?? 0);
    const refusal = refusalOf(limits, length ?? 1);
    if (refusal !== undefined) throw refusal;
    const counted = countedChunk(chunk, () => {}, { size: 0, limits });
    let isWhole = false;
    try {
      const isAborted = this.#interruption.aborted || chunk.signal?.aborted === true;
      const options = { length, budget, isAborted, signal: () => this.#signalOf(chunk), onChunk: counted.onChunk };
      return await gathered(body, options, async (bytes) => {
        counted.assertComplete();
        isWhole = true;
        return use(bytes);
      });
    } catch (error) {
      if (isWhole) throw error;
      if (counted.exceeded !== undefined) throw counted.exceeded;
      if (counted.lied) throw new UploadRangeError({ id, size: 0 }, 'the chunk has another length than its range');
      if (!this.#interruption.aborted) throw error;
      throw new UploadRangeError({ id, size: 0 }, 'a later request took the upload over');
    }
  }

  #signalOf({ signal }: Chunk): AbortSignal {
    const { signal: interrupted } = this.#interruption;
    return signal === undefined ? interrupted : AbortSignal.any([interrupted, signal]);
  }

  /**
   * Appends a chunk to the `size` bytes that the session holds and returns how many it holds then. Throws UploadRangeError when the
   * chunk does not start there, or has another length than it says, and what a limit says that the whole would exceed; the session is
   * as before then.
   */
  async append(chunk: Chunk, size: number, limits: readonly BodyLimit[] = []): Promise<number> {
    const { staged, hash } = this;
    const { id, store } = this.#session;
    const { body } = chunk;
    const length = body === undefined ? 0 : chunk.length;
    assertChunkFits({ id, size }, { ...chunk, length });
    if (body === undefined || length === 0) return size;
    // Before the body is read: a client that waits to be told to send it need not.
    await store.assertRoom(length ?? 0);
    const refusal = refusalOf(limits, size + (length ?? 1));
    if (refusal !== undefined) throw refusal;
    hash.continueAt(size);
    const counted = countedChunk(chunk, (bytes) => hash.update(bytes), { size, limits });
    try {
      const { ownsBytes: ownsChunks } = chunk;
      const signal = this.#signalOf(chunk);
      const end = await staged.append(body, { at: size, signal, onChunk: counted.onChunk, ownsChunks });
      counted.assertComplete();
      return end;
    } catch (error) {
      if (counted.exceeded !== undefined) {
        await staged.truncate(size);
        throw counted.exceeded;
      }
      if (counted.lied) {
        // A chunk that lied about its length is taken back; a lost connection keeps what arrived, so that the client can resume.
        await staged.truncate(size);
        throw new UploadRangeError({ id, size }, 'the chunk has another length than its range');
      }
      await this.giveUpSpace(error, size);
      if (!this.#interruption.aborted) throw error;
      throw new UploadRangeError({ id, size: await staged.size() }, 'a later request took the upload over');
    }
  }

  /** After a request that failed: a lost connection leaves what has come. `before`: where that cannot be told. */
  async sizeAfter(before: number): Promise<number> {
    try {
      return await this.staged.size();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return before;
    }
  }

  /** What a request wrote that there was no space for is taken back at once; what was acknowledged before stays, and can be resumed. */
  async giveUpSpace(error: unknown, size: number): Promise<void> {
    if (!meansNoSpace(error)) return;
    try {
      if ((await this.staged.size()) > size) await this.staged.truncate(size);
    } catch (next) {
      // The client is told of the first error. A sync that found no space has discarded the upload by now.
      if (!(next instanceof StorageError)) throw next;
    }
  }

  /**
   * True once another process has taken the session over. Reads the record again, since hours of receiving and hashing may have
   * passed: what the other one wrote is no reason to refuse the upload, and a commit would take the bytes away from it.
   */
  async wasTakenOver(): Promise<boolean> {
    const { store, id, onEnd, owner } = this.#session;
    const staged = await store.resume(id);
    if (isSessionOf(staged, this.#session)) {
      return staged.attributes.owner !== owner || staged.attributes.changedOwner === 'true';
    }
    // An empty blob is stored only when it is published.
    if (staged === undefined && this.staged instanceof UnbegunUpload && !this.staged.isBegun) return false;
    onEnd();
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
  }

  /** Committed, cancelled or refused for good. */
  end(): void {
    this.#session.onEnd();
  }
}

/** Where a session belongs, and whose it is: nobody else may look at it, go on with it or end it (CVE-2026-32589 of Quay). */
export type SessionPlace = Pick<UploadSessionOptions, 'repository' | 'uploader'>;

export function isAt(place: SessionPlace, { repository, uploader }: SessionPlace): boolean {
  return place.repository === repository && place.uploader === uploader;
}

/** Not one of another repository or user, nor the copy that is being made of a session (upload-sessions.ts). */
export function isSessionOf(staged: StagedObject | undefined, place: SessionPlace): staged is StagedObject {
  if (staged === undefined || staged.attributes.copyOf !== undefined) return false;
  const { repository, uploader } = staged.attributes;
  return repository === place.repository && uploader === place.uploader;
}

/** Makes `owner` the owner; true when the session ever had another one. */
async function takeOwnership(staged: StagedObject, owner: string): Promise<boolean> {
  const { attributes } = staged;
  if (attributes.owner === owner) return attributes.changedOwner === 'true';
  await staged.setAttributes({ ...attributes, owner, changedOwner: 'true' });
  return true;
}

/** Throws UploadRangeError: the range must start at the session's size and be as long as the body. */
export function assertChunkFits(upload: UploadStatus, { range, length }: Chunk): void {
  if (range === undefined) return;
  if (range.first !== upload.size) {
    throw new UploadRangeError(upload, `the next byte is ${upload.size}, the chunk starts at ${range.first}`);
  }
  if (range.last < range.first) throw new UploadRangeError(upload, 'the range ends before it starts');
  if (length !== undefined && length !== lengthOf(range)) {
    throw new UploadRangeError(upload, `the range has ${lengthOf(range)} bytes, Content-Length says ${length}`);
  }
}

function lengthOf({ first, last }: ChunkRange): number {
  return last - first + 1;
}

export interface CountedChunk {
  readonly onChunk: (bytes: Uint8Array) => void;
  /** Throws when the body ended early. */
  readonly assertComplete: () => void;
  /** True once more or fewer bytes came than the range says. */
  readonly lied: boolean;
  /** Once more came than a limit allows. */
  readonly exceeded: RegistryError | undefined;
}

/** Of the session, with the `size` bytes that it holds already. */
export interface ChunkLimits {
  readonly size: number;
  readonly limits: readonly BodyLimit[];
}

function refusalOf(limits: readonly BodyLimit[], bytes: number): RegistryError | undefined {
  for (const limit of limits) {
    const refusal = limit.refusal(bytes);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

class LengthMismatch extends Error {}

/** Counts a body against its declared range while `use` takes each piece. A lost connection is no lie: it ends with the body's own error. */
export function countedChunk(
  { range }: Chunk,
  use: (bytes: Uint8Array) => void,
  { size, limits }: ChunkLimits = { size: 0, limits: [] },
): CountedChunk {
  const expected = range === undefined ? undefined : lengthOf(range);
  let received = 0;
  let lied = false;
  let exceeded: RegistryError | undefined;
  const mismatch = () => {
    lied = true;
    return new LengthMismatch('the chunk has another length than its range');
  };
  return {
    onChunk: (bytes) => {
      received += bytes.byteLength;
      exceeded ??= refusalOf(limits, size + received);
      if (exceeded !== undefined) throw exceeded;
      if (expected !== undefined && received > expected) throw mismatch();
      use(bytes);
    },
    assertComplete: () => {
      if (expected !== undefined && received !== expected) throw mismatch();
    },
    get lied() {
      return lied;
    },
    get exceeded() {
      return exceeded;
    },
  };
}
