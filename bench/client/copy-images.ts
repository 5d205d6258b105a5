// Pulls and pushes whole images, as zot's benchmark does: a pull asks for manifest, config and layer; a push sends config and layer into a
// repository that did not exist, and a manifest over them.

import { digestOf, IMAGE_BLOBS, layerDescriptor, manifestOver, OCI_MANIFEST } from '../content/image.ts';
import { expectStatus } from './expect-status.ts';
import type { HttpConnection } from './http-connection.ts';
import type { ImageStep, ImagesJob, JobResult, PullStep, PushStep } from './job.ts';
import { patchBlob, putBlob } from './push-blob.ts';
import { runLoad } from './run-load.ts';
import { type UnseenBlob, unseenBlobs } from './unseen-blobs.ts';

const [CONFIG = Buffer.alloc(0)] = IMAGE_BLOBS;
const CONFIG_DIGEST = digestOf(CONFIG);
const MANIFEST_HEADERS = `Content-Type: ${OCI_MANIFEST}\r\n`;

export function copyImages({ port, load, steps, from, intoPrefix }: ImagesJob): Promise<JobResult> {
  const operations = Array.from({ length: load.limit }, (_, index) => steps[index % steps.length]);
  const layers = unseenLayers(operations);
  return runLoad(port, load, async (connection, index) => {
    const step = operations[index];
    const layer = layers[index];
    if (step?.kind === 'pull') await pullImage(connection, from, step);
    else if (step !== undefined && layer !== undefined) {
      await pushImage(connection, `${intoPrefix}-${index}`, step, layer);
    }
  });
}

/** What each operation pushes, if it does. */
function unseenLayers(operations: readonly (ImageStep | undefined)[]): (UnseenBlob | undefined)[] {
  const unused = new Map<number, UnseenBlob[]>();
  return operations.map((step) => {
    if (step === undefined || step.kind === 'pull') return undefined;
    const { layerBytes } = step;
    const blobs = unused.get(layerBytes) ?? unseenBlobs(operations.length, layerBytes);
    unused.set(layerBytes, blobs);
    return blobs.pop();
  });
}

async function pullImage(connection: HttpConnection, repository: string, step: PullStep): Promise<void> {
  const { tag, layerDigest, layerBytes } = step;
  const at = `/v2/${repository}`;
  const manifest = await connection.request('GET', `${at}/manifests/${tag}`, `Accept: ${OCI_MANIFEST}\r\n`);
  expectStatus(manifest, 200, 'GET manifest');
  const config = await connection.request('GET', `${at}/blobs/${CONFIG_DIGEST}`);
  expectStatus(config, 200, 'GET config');
  const layer = await connection.request('GET', `${at}/blobs/${layerDigest}`);
  expectStatus(layer, 200, 'GET layer');
  if (layer.bodyBytes !== layerBytes) throw new Error(`GET layer: ${layer.bodyBytes} of ${layerBytes} bytes`);
}

async function pushImage(
  connection: HttpConnection,
  repository: string,
  { kind, layerBytes }: PushStep,
  layer: UnseenBlob,
): Promise<void> {
  await (kind === 'patch' ? patchBlob : putBlob)(connection, { repository, ...layer });
  await putBlob(connection, { repository, digest: CONFIG_DIGEST, body: [CONFIG] });
  const manifest = manifestOver([layerDescriptor(layer.digest, layerBytes)]);
  const answer = await connection.request('PUT', `/v2/${repository}/manifests/latest`, MANIFEST_HEADERS, [manifest]);
  expectStatus(answer, 201, 'PUT manifest');
}
