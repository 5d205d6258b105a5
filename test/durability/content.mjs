// Content for the durability tests, in plain JavaScript: client processes run it without a compiler.
import { createHash } from 'node:crypto';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';

export function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A manifest of its own for each name; its config and layers need not be there. */
export function manifestNamed(name) {
  const config = { mediaType: 'application/vnd.example.config.v1+json', digest: digestOf(name), size: name.length };
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [], annotations: { name } }),
  );
}

/** Resolves with the status once the answer has arrived whole; throws when the connection breaks. */
export async function pushTag(url, repository, tag) {
  const answer = await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': manifestType },
    body: manifestNamed(tag),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** A single POST with the whole blob. */
export async function pushBlob(url, repository, bytes) {
  const answer = await fetch(`${url}/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
  });
  await answer.arrayBuffer();
  return answer.status;
}
