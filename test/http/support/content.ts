// Content for pushes through `inject`: whose config is empty, and the pushes themselves.
import type { FastifyInstance } from 'fastify';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { contentOf, imageIndex as indexWith, layerType, imageManifest as manifestWith } from '../../support/content.ts';

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

const config = contentOf(emptyConfig, 'application/vnd.oci.empty.v1+json');

export function imageManifest({ layers = [], ...options }: ImageOptions = {}): PushedContent {
  return manifestWith({ ...options, config, layers: layers.map((bytes) => contentOf(bytes, layerType)) });
}

export function imageIndex(manifests: readonly PushedContent[], subject?: Digest): PushedContent {
  const listed = manifests.map(({ bytes }) => contentOf(bytes, mediaTypes.imageManifest));
  return indexWith({ manifests: listed, ...(subject === undefined ? {} : { subject }) });
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
