// Pushes and pulls as a client makes them, against the registry itself, and what a refusal says.
import { Readable } from 'node:stream';
import type { Digest } from '../../src/oci/digest.ts';
import { RegistryError } from '../../src/oci/error-code.ts';
import { parseReference, parseTag } from '../../src/oci/reference.ts';
import type { PushedManifest, StoredManifest } from '../../src/registry/manifests.ts';
import type { Repository, WritableRepository } from '../../src/registry/repository.ts';
import type { Chunk } from '../../src/registry/upload-chunk.ts';
import type { Content, Image } from './content.ts';

/** A body of so many pieces, with what its headers would say. */
export function chunkOf(bytes: Uint8Array, headers: Partial<Omit<Chunk, 'body'>> = {}): Chunk {
  return {
    body: Readable.from([bytes]),
    range: undefined,
    length: bytes.byteLength,
    ...headers,
  };
}

export const noChunk: Chunk = {
  body: undefined,
  range: undefined,
  length: 0,
};

/** `Content-Range: first-last` of the bytes, as they stand at `at`. */
export function rangeAt(at: number, bytes: Uint8Array): { first: number; last: number } {
  return { first: at, last: at + bytes.byteLength - 1 };
}

export async function pushBlob({ uploads }: WritableRepository, { bytes, digest }: Content): Promise<Digest> {
  await uploads.push(digest, chunkOf(bytes));
  return digest;
}

export function pushManifest(
  { manifests }: WritableRepository,
  reference: string,
  { bytes, descriptor }: Content,
  tags: readonly string[] = [],
): Promise<PushedManifest> {
  return manifests.put({
    reference: parseReference(reference),
    tags: tags.map(parseTag),
    contentType: descriptor.mediaType,
    bytes,
  });
}

/** Config, layers and manifest; untagged when no tag is given. */
export async function pushImage(
  repository: WritableRepository,
  image: Image,
  tag: string = image.digest,
): Promise<Digest> {
  for (const blob of [image.config, ...image.layers]) await pushBlob(repository, blob);
  await pushManifest(repository, tag, image);
  return image.digest;
}

export function pull({ manifests }: Repository, reference: string): Promise<StoredManifest> {
  return manifests.get(parseReference(reference));
}

/** The digest that a tag means; undefined when the registry says that there is no such tag. */
export async function digestAt(repository: Repository, reference: string): Promise<Digest | undefined> {
  try {
    return (await pull(repository, reference)).digest;
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return undefined;
    throw error;
  }
}

export async function bytesOfBlob({ blobs }: Repository, digest: Digest): Promise<Buffer> {
  const content = await blobs.open(digest);
  try {
    const bytes = Buffer.alloc(content.info.size);
    await content.readInto(bytes, 0);
    return bytes;
  } finally {
    await content.close();
  }
}

export async function tagsOf({ tags }: Repository): Promise<readonly string[]> {
  return (await tags.list({})).items;
}

export async function referrersIn({ referrers }: Repository, subject: Digest): Promise<readonly Digest[]> {
  return (await referrers.list(subject, { artifactTypes: [] })).manifests.map(({ digest }) => digest);
}

/** The code that a refused request is answered with; fails when it was not refused. */
export async function codeOf(request: Promise<unknown>): Promise<string> {
  return (await refusalOf(request)).code;
}

export async function refusalOf(request: Promise<unknown>): Promise<RegistryError> {
  try {
    await request;
  } catch (error) {
    if (error instanceof RegistryError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
