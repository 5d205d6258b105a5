// Content for pushes: manifests as functions, and the pushes themselves through `inject`.
import type { FastifyInstance } from 'fastify';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';

export const emptyConfig = Buffer.from('{}');

export interface ImageOptions {
  readonly layers?: readonly Buffer[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface PushedContent {
  readonly bytes: Buffer;
  readonly digest: Digest;
}

function contentOf(value: unknown): PushedContent {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, digest: digestOf(bytes) };
}

export function imageManifest({ layers = [], subject, artifactType, annotations }: ImageOptions = {}): PushedContent {
  return contentOf({
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(emptyConfig), size: 2 },
    layers: layers.map((bytes) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: digestOf(bytes),
      size: bytes.byteLength,
    })),
    ...(subject === undefined ? {} : { subject: { mediaType: mediaTypes.imageManifest, digest: subject, size: 123 } }),
    ...(annotations === undefined ? {} : { annotations }),
  });
}

export function imageIndex(manifests: readonly PushedContent[], subject?: Digest): PushedContent {
  return contentOf({
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests: manifests.map(({ bytes, digest }) => ({
      mediaType: mediaTypes.imageManifest,
      digest,
      size: bytes.byteLength,
    })),
    ...(subject === undefined ? {} : { subject: { mediaType: mediaTypes.imageManifest, digest: subject, size: 123 } }),
  });
}

/** Pushes a blob by a single POST. */
export async function pushBlob(app: FastifyInstance, name: string, bytes: Buffer): Promise<Digest> {
  const digest = digestOf(bytes);
  const answer = await app.inject({
    method: 'POST',
    url: `/v2/${name}/blobs/uploads/?digest=${digest}`,
    headers: { 'content-type': 'application/octet-stream' },
    payload: bytes,
  });
  if (answer.statusCode !== 201) throw new Error(`${answer.statusCode} ${answer.body}`);
  return digest;
}

export async function pushManifest(
  app: FastifyInstance,
  name: string,
  reference: string,
  { bytes, digest }: PushedContent,
  mediaType: string = mediaTypes.imageManifest,
): Promise<Digest> {
  const answer = await app.inject({
    method: 'PUT',
    url: `/v2/${name}/manifests/${reference}`,
    headers: { 'content-type': mediaType },
    payload: bytes,
  });
  if (answer.statusCode !== 201) throw new Error(`${answer.statusCode} ${answer.body}`);
  return digest;
}

/** An image and its config, under a tag. */
export async function pushImage(
  app: FastifyInstance,
  name: string,
  tag: string,
  image: PushedContent = imageManifest(),
) {
  await pushBlob(app, name, emptyConfig);
  return pushManifest(app, name, tag, image);
}
