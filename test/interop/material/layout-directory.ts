// Writes and reads plain OCI layouts on disk: the sources the clients push from, and what they pulled into.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expectEqual } from '../expect.ts';
import { sha256 } from '../registry-client.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export const refNameAnnotation = 'org.opencontainers.image.ref.name';
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const indexType = 'application/vnd.oci.image.index.v1+json';

/** An OCI layout that is being written: blobs first, `close` writes index.json. */
export class LayoutWriter {
  readonly directory: string;
  readonly #entries: Descriptor[] = [];

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The directory that holds the blobs, for content too large to be written from memory. */
  async blobDirectory(): Promise<string> {
    const path = join(this.directory, 'blobs', 'sha256');
    await mkdir(path, { recursive: true });
    return path;
  }

  async blob(mediaType: string, bytes: Buffer): Promise<Descriptor> {
    const digest = sha256(bytes);
    await writeFile(join(await this.blobDirectory(), digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  json(mediaType: string, value: unknown): Promise<Descriptor> {
    return this.blob(mediaType, Buffer.from(JSON.stringify(value)));
  }

  tag(tag: string, descriptor: Descriptor): void {
    this.#entries.push({ ...descriptor, annotations: { [refNameAnnotation]: tag } });
  }

  async close(): Promise<void> {
    const index = { schemaVersion: 2, mediaType: indexType, manifests: this.#entries };
    await writeFile(join(this.directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await writeFile(join(this.directory, 'index.json'), JSON.stringify(index));
  }
}

/** The entries of a layout's index.json. */
export async function layoutEntries(directory: string): Promise<Descriptor[]> {
  const text = await readFile(join(directory, 'index.json'), 'utf8');
  return (JSON.parse(text) as { manifests: Descriptor[] | null }).manifests ?? [];
}

/** Every digest that index.json names, after all blobs of the layout were hashed and found to be what they are called. */
export async function verifiedDigests(directory: string): Promise<string[]> {
  const blobs = join(directory, 'blobs', 'sha256');
  for (const name of await readdir(blobs)) {
    expectEqual(await fileDigest(join(blobs, name)), `sha256:${name}`, `content of a pulled blob in ${directory}`);
  }
  return (await layoutEntries(directory)).map((entry) => entry.digest);
}

export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return `sha256:${hash.digest('hex')}`;
}
