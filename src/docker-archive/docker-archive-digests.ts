// Digests of members that are named by no digest. Hashing gigabytes takes seconds, so that they are remembered in a file of
// the work directory, under the identity of the archive: one that changed is hashed again.
import { z } from 'zod';
import { digestOfObject } from '../layout/pacing/paced-digest.ts';
import { canonicalAlgorithm, type Digest, isDigest } from '../oci/digest.ts';
import { pathPartOf } from '../storage/archive/archive-file.ts';
import type { ArchiveStore } from '../storage/archive/archive-store.ts';
import { formBytes, isGzip, isZstd } from '../storage/archive/file-form.ts';
import { readWorkFile, removeOutdated, writeWorkFile } from '../storage/archive/work-file.ts';
import type { Log } from '../storage/log.ts';
import type { Key, OpenObject } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';

export interface HashedMember {
  readonly digest: Digest;
  readonly size: number;
  /** Told by its first bytes. */
  readonly compression: 'none' | 'gzip' | 'zstd';
}

const memberSchema = z.object({
  digest: z.string().refine(isDigest),
  size: z.number().int().min(0),
  compression: z.enum(['none', 'gzip', 'zstd']),
});
const fileSchema = z.object({ version: z.literal(1), members: z.record(z.string(), memberSchema) });

const maxFileBytes = 64 * 1024 * 1024;

export class MemberDigests {
  readonly #archive: ArchiveStore;
  readonly #directory: string;
  readonly #log: Log;
  readonly #known: Map<string, HashedMember>;
  #hashedBytes = 0;

  constructor(archive: ArchiveStore, directory: string, known: Map<string, HashedMember>, log: Log) {
    this.#archive = archive;
    this.#directory = directory;
    this.#known = known;
    this.#log = log;
  }

  /** Hashes the member unless it was hashed before, in this run or an earlier one. */
  async of(key: Key): Promise<HashedMember> {
    const object = await this.#archive.open(key);
    if (object === undefined) throw new StorageError('unavailable', `${key} is not in ${this.#archive.name}`);
    try {
      // Not by key: hard links may give one member any number of those.
      const { label } = object.info;
      const hashed = this.#known.get(label) ?? (await this.#hash(object));
      this.#known.set(label, hashed);
      return hashed;
    } finally {
      await object.close();
    }
  }

  async #hash(object: OpenObject): Promise<HashedMember> {
    if (this.#hashedBytes === 0) this.#log.slow('hashing the layers of an archive, once', { path: this.#archive.name });
    const hashed = await hash(object);
    this.#hashedBytes += hashed.size;
    return hashed;
  }

  /** Keeps what was hashed for the next start, which can do without: a work directory that cannot be written is no failure. */
  async remember(): Promise<void> {
    if (this.#hashedBytes === 0) return;
    const name = fileNameOf(this.#archive);
    const bytes = Buffer.from(JSON.stringify({ version: 1, members: Object.fromEntries(this.#known) }));
    try {
      await writeWorkFile(this.#directory, name, (file) => file.writeFile(bytes));
      await removeOutdated(this.#directory, pathPartOf(this.#archive.identity), name);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#log.warn('the digests of an archive cannot be kept: the next start hashes again', { error });
    }
  }
}

export async function openMemberDigests(
  archive: ArchiveStore,
  workDirectory: string,
  log: Log,
): Promise<MemberDigests> {
  const directory = `${workDirectory}/docker-archives`;
  const bytes = await readWorkFile(directory, fileNameOf(archive), maxFileBytes);
  return new MemberDigests(archive, directory, bytes === undefined ? new Map() : parseKnown(bytes), log);
}

function fileNameOf({ identity }: ArchiveStore): string {
  return `${identity}.json`;
}

/** A file that another version wrote, or a damaged one, is as good as none. */
function parseKnown(bytes: Buffer): Map<string, HashedMember> {
  try {
    const parsed = fileSchema.safeParse(JSON.parse(bytes.toString('utf8')));
    return new Map(parsed.success ? Object.entries(parsed.data.members) : []);
  } catch (error) {
    if (error instanceof SyntaxError) return new Map();
    throw error;
  }
}

async function hash(object: OpenObject): Promise<HashedMember> {
  const digest = await digestOfObject(object, canonicalAlgorithm);
  return { digest, size: object.info.size, compression: await compressionOf(object) };
}

async function compressionOf(object: OpenObject): Promise<HashedMember['compression']> {
  const buffer = Buffer.alloc(formBytes);
  const first = buffer.subarray(0, await object.readInto(buffer, 0));
  if (isGzip(first)) return 'gzip';
  return isZstd(first) ? 'zstd' : 'none';
}
