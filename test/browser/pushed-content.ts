// Images that a browser is to look at, pushed by HTTP.
import { createHash, randomBytes } from 'node:crypto';

export interface Pushed {
  readonly digest: string;
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
}

interface Blob {
  readonly mediaType: string;
  readonly bytes: Buffer<ArrayBuffer>;
}

export function blob(mediaType: string, content: string | Buffer<ArrayBuffer>): Blob {
  return { mediaType, bytes: typeof content === 'string' ? Buffer.from(content) : content };
}

const digestIn = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function sent(answer: Response): Promise<void> {
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

export async function pushBlob(url: string, name: string, { mediaType, bytes }: Blob): Promise<Pushed['descriptor']> {
  const digest = digestIn(bytes);
  await sent(await fetch(`${url}/v2/${name}/blobs/uploads/?digest=${digest}`, { method: 'POST', body: bytes }));
  return { mediaType, digest, size: bytes.byteLength };
}

interface Manifest {
  readonly mediaType: string;
  readonly [member: string]: unknown;
}

/** Without a tag by its digest. */
export async function push(url: string, name: string, tag: string | undefined, manifest: Manifest): Promise<Pushed> {
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = digestIn(bytes);
  const headers = { 'content-type': manifest.mediaType };
  await sent(await fetch(`${url}/v2/${name}/manifests/${tag ?? digest}`, { method: 'PUT', headers, body: bytes }));
  return { digest, descriptor: { mediaType: manifest.mediaType, digest, size: bytes.byteLength } };
}

export interface PushedImage {
  /** Bytes of each, or what is in it. */
  readonly layers: readonly (number | Buffer<ArrayBuffer>)[];
  /** Tells it from others. */
  readonly note: string;
}

/** Layers of one size are the same bytes, so that repositories share them. */
const bytesOfSize = new Map<number, Buffer<ArrayBuffer>>();

function bytesOf(size: number): Buffer<ArrayBuffer> {
  const bytes = bytesOfSize.get(size) ?? Buffer.from(randomBytes(size));
  bytesOfSize.set(size, bytes);
  return bytes;
}

export async function pushImage(
  url: string,
  name: string,
  tag: string,
  { layers, note }: PushedImage,
): Promise<Pushed> {
  const pushed = [];
  for (const layer of layers) {
    const bytes = typeof layer === 'number' ? bytesOf(layer) : layer;
    pushed.push(await pushBlob(url, name, blob('application/vnd.oci.image.layer.v1.tar+gzip', bytes)));
  }
  const config = JSON.stringify({
    ...{ os: 'linux', architecture: 'amd64', created: '2026-01-02T03:04:05Z' },
    config: { Cmd: ['run'], Env: ['PATH=/usr/bin', `NOTE=${note}`], Labels: { note } },
    history: layers.map(() => ({ created_by: `/bin/sh -c RUN make ${note}`, created: '2026-01-02T03:04:05Z' })),
    rootfs: { type: 'layers', diff_ids: [] },
  });
  return push(url, name, tag, {
    ...{ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
    config: await pushBlob(url, name, blob('application/vnd.oci.image.config.v1+json', config)),
    layers: pushed,
    annotations: { 'org.opencontainers.image.description': note },
  });
}
