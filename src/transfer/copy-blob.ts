// Copies one blob into a repository, so that it can be broken off anywhere: the next run finds the upload by an id that follows
// from repository and digest, also after a restart, and goes on with the byte after the last one kept.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { UploadId } from '../oci/upload-id.ts';
import type { WritableRepository } from '../registry/repository.ts';
import { StorageError } from '../storage/storage-error.ts';
import { type BlobOrigin, type BlobToCopy, blobBytes } from './copy-content.ts';
import { CopyError, WrongContentError } from './copy-error.ts';
import type { BlobOutcome, CopyProgress } from './progress.ts';

/** What a copy needs of a repository to put blobs into it. */
export type BlobTarget = Pick<WritableRepository, 'name' | 'blobs' | 'uploads'>;

export interface BlobCopyOptions {
  readonly progress: CopyProgress;
  readonly signal: AbortSignal;
  /** A blob that is there is hashed before it is kept; otherwise its size decides. */
  readonly verifyPresent: boolean;
}

/** Undefined for an optional blob that the source does not have. Throws WrongContentError, and keeps nothing of such bytes. */
export async function copyBlob(
  origin: BlobOrigin,
  target: BlobTarget,
  blob: BlobToCopy,
  options: BlobCopyOptions,
): Promise<BlobOutcome | undefined> {
  const { progress } = options;
  const held = await alreadyThere(target, blob, options.verifyPresent);
  if (held !== undefined) {
    progress.blobFinished(blob, held);
    return held;
  }
  try {
    const outcome = await upload(origin, target, blob, options);
    progress.blobFinished(blob, outcome);
    return outcome;
  } catch (error) {
    if (!isBlobUnknown(error)) throw error;
    if (blob.optional) return undefined;
    throw new CopyError(`${origin.source.description} (${origin.repository}) does not have the blob ${blob.digest}`, {
      cause: error,
    });
  }
}

/** Of the right size: a file that another program left half written is copied again, which repairs it. */
async function alreadyThere(
  { blobs }: BlobTarget,
  { digest, size }: BlobToCopy,
  verify: boolean,
): Promise<'present' | 'linked' | undefined> {
  const found = await sizeIn(blobs, digest);
  if (found === undefined) {
    const isLinked =
      (await blobs.mount(digest, undefined, { patience: 'wait' })) && (await sizeIn(blobs, digest)) === size;
    return isLinked ? 'linked' : undefined;
  }
  if (found !== size) return undefined;
  return !verify || (await blobs.verify(digest)) ? 'present' : undefined;
}

/** A session, and the offset that it goes on at. */
interface Session {
  readonly id: UploadId;
  readonly size: number;
  /** Nobody else can find it, and no later run. */
  readonly isPrivate: boolean;
}

async function upload(
  origin: BlobOrigin,
  target: BlobTarget,
  blob: BlobToCopy,
  options: BlobCopyOptions,
): Promise<BlobOutcome> {
  const session = await sharedSession(target, blob);
  try {
    await append(origin, target, blob, { ...options, id: session.id, from: session.size });
    return session.size > 0 ? 'resumed' : 'copied';
  } catch (error) {
    // Another process may have copied the same blob meanwhile.
    if ((await sizeIn(target.blobs, blob.digest)) === blob.size) return 'present';
    if (error instanceof WrongContentError || session.isPrivate) await cancel(target, session.id);
    if (session.isPrivate || !mayBeTheSessions(error, session)) throw error;
  }
  return uploadAlone(origin, target, blob, options);
}

/** What a crash left of the session, or another process that uses it as well, may be at fault, and not the source. */
function mayBeTheSessions(error: unknown, { size }: Session): boolean {
  if (error instanceof WrongContentError) return size > 0 || error.isDigest;
  return error instanceof StorageError
    ? error.failure === 'unavailable'
    : error instanceof RegistryError && error.code.startsWith('BLOB_UPLOAD_');
}

async function uploadAlone(
  origin: BlobOrigin,
  target: BlobTarget,
  blob: BlobToCopy,
  options: BlobCopyOptions,
): Promise<BlobOutcome> {
  const { id } = await privateSession(target, blob);
  try {
    await append(origin, target, blob, { ...options, id, from: 0 });
    return 'copied';
  } catch (error) {
    await cancel(target, id);
    throw error;
  }
}

const watchMs = 500;

async function sharedSession(target: BlobTarget, blob: BlobToCopy): Promise<Session> {
  const { uploads } = target;
  const id = resumableUploadId(target, blob);
  const held = await uploads.peek(id);
  if (held !== undefined) {
    await sleep(watchMs);
    // It grows: another process copies the same blob, and would be thrown out.
    if ((await uploads.peek(id)) !== held) return privateSession(target, blob);
  }
  // More bytes than the blob has: a session of something else.
  if (held !== undefined && held > blob.size) await cancel(target, id);
  try {
    return { ...(await uploads.startOrResume(id, algorithmOf(blob.digest))), isPrivate: false };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    // A crash may have left something under the id that is no session any more, or another process begins it right now.
    return privateSession(target, blob);
  }
}

async function privateSession({ uploads }: BlobTarget, { digest }: BlobToCopy): Promise<Session> {
  return { ...(await uploads.start({ algorithm: algorithmOf(digest) })), isPrivate: true };
}

async function append(
  origin: BlobOrigin,
  { uploads }: BlobTarget,
  blob: BlobToCopy,
  options: BlobCopyOptions & { readonly id: UploadId; readonly from: number },
): Promise<void> {
  const { id, from, progress, signal } = options;
  progress.blobStarted(blob, from);
  const body = Readable.from(blobBytes(origin, blob, from, options));
  try {
    await uploads.commit(id, blob.digest, { body, range: undefined, length: undefined, signal });
  } catch (error) {
    if (!(error instanceof RegistryError && error.code === 'DIGEST_INVALID')) throw error;
    const where = `${origin.source.description} (${origin.repository})`;
    const why = error.entries[0]?.detail ?? error.message;
    throw new WrongContentError(where, blob.digest, why, { isDigest: true, cause: error });
  } finally {
    body.destroy();
  }
}

async function cancel({ uploads }: BlobTarget, id: UploadId): Promise<void> {
  try {
    await uploads.cancel(id);
  } catch (error) {
    // A wrong digest has ended the session already.
    if (!(error instanceof RegistryError && error.code === 'BLOB_UPLOAD_UNKNOWN')) throw error;
  }
}

/** The same in every run, and a UUID as upload ids are. */
function resumableUploadId({ name }: Pick<BlobTarget, 'name'>, { digest }: Pick<BlobToCopy, 'digest'>): UploadId {
  const hex = createHash('sha256').update(`copy\n${name}\n${digest}`).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return parts.join('-') as UploadId;
}

async function sizeIn(blobs: BlobTarget['blobs'], digest: Digest): Promise<number | undefined> {
  try {
    return (await blobs.stat(digest)).size;
  } catch (error) {
    if (isBlobUnknown(error)) return undefined;
    throw error;
  }
}

function isBlobUnknown(error: unknown): boolean {
  return error instanceof RegistryError && error.code === 'BLOB_UNKNOWN';
}
