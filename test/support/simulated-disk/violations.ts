// What of the acknowledged does not hold in a registry, whatever became of the disk below it.
import { digestOf, isDigest } from '../../../src/oci/digest.ts';
import { RegistryError } from '../../../src/oci/error-code.ts';
import { parseReference, parseRepositoryName } from '../../../src/oci/reference.ts';
import { isUploadId } from '../../../src/oci/upload-id.ts';
import type { Registry } from '../../../src/registry/registry.ts';
import { blobOf, type Content, imageManifest } from '../content.ts';
import { pushBlob, pushManifest } from '../pushes.ts';
import type { Acknowledged } from './operations.ts';

/** What of the acknowledged does not hold; undefined when all is well. Of what is in `perhaps` alone, all holds or nothing. */
export async function violationOf(
  registry: Registry,
  acknowledged: Acknowledged,
  perhaps: Acknowledged,
): Promise<string | undefined> {
  return (
    (await wrongTag(registry, acknowledged, perhaps)) ??
    (await wrongBlob(registry, acknowledged, perhaps)) ??
    (await wrongReferrers(registry, acknowledged, perhaps)) ??
    (await lostUpload(registry, acknowledged))
  );
}

async function wrongTag(
  registry: Registry,
  acknowledged: Acknowledged,
  perhaps: Acknowledged,
): Promise<string | undefined> {
  for (const [name, after] of perhaps.tags) {
    const allowed = [acknowledged.tags.get(name)?.digest, after?.digest];
    const [repository = '', tag = ''] = name.split(':');
    const { manifests, blobs } = await registry.repository(parseRepositoryName(repository));
    const found = await unlessUnknown(manifests.get(parseReference(tag)));
    if (!allowed.includes(found?.digest)) return `${name} is ${found?.digest}, not ${allowed.join(' or ')}`;
    if (found === undefined) continue;
    if (digestOf(found.bytes) !== found.digest) return `${name} has other bytes`;
    for (const digest of namedIn(found.bytes)) if (!(await isWhole(blobs, digest))) return `${name} lacks ${digest}`;
  }
  return undefined;
}

function namedIn(bytes: Buffer): readonly string[] {
  const { config, layers = [] } = JSON.parse(bytes.toString()) as {
    config: { digest: string };
    layers?: readonly { digest: string }[];
  };
  return [config, ...layers].map(({ digest }) => digest);
}

async function wrongBlob(
  registry: Registry,
  acknowledged: Acknowledged,
  perhaps: Acknowledged,
): Promise<string | undefined> {
  for (const [name, content] of acknowledged.blobs) {
    const [repository = '', digest = ''] = name.split('@');
    const { blobs } = await registry.repository(parseRepositoryName(repository));
    if (content === undefined) {
      const isBack = perhaps.blobs.get(name) === undefined && (await isWhole(blobs, digest));
      if (isBack) return `the blob ${name} is back`;
      continue;
    }
    if (perhaps.blobs.get(name) === undefined) continue;
    if (!(await isWhole(blobs, content.digest))) return `the blob ${name} is not there`;
  }
  return undefined;
}

async function wrongReferrers(
  registry: Registry,
  acknowledged: Acknowledged,
  perhaps: Acknowledged,
): Promise<string | undefined> {
  for (const [name, expected] of acknowledged.referrers) {
    const kept = expected.filter((digest) => perhaps.referrers.get(name)?.includes(digest));
    const [repository = '', subject = ''] = name.split('@');
    if (!isDigest(subject)) throw new Error(`${subject} is no digest`);
    const { referrers } = await registry.repository(parseRepositoryName(repository));
    const listed = (await referrers.list(subject, { artifactTypes: [] })).manifests.map(({ digest }) => digest);
    for (const digest of kept) if (!listed.includes(digest)) return `${digest} is no referrer of ${name}`;
    const known = new Set([...expected, ...(perhaps.referrers.get(name) ?? [])]);
    for (const digest of listed) if (!known.has(digest)) return `${digest} is a referrer of ${name} again`;
  }
  return undefined;
}

async function lostUpload(registry: Registry, { uploads }: Acknowledged): Promise<string | undefined> {
  for (const [name, bytes] of uploads) {
    const [repository = '', id = ''] = name.split(' ');
    if (!isUploadId(id)) throw new Error(`${id} is no id of an upload`);
    const writable = await registry.writable(parseRepositoryName(repository));
    const status = await unlessUnknown(writable.uploads.status(id));
    if ((status?.size ?? 0) < bytes) return `the upload holds ${status?.size} of ${bytes} bytes`;
  }
  return undefined;
}

/** Whatever was left, the next client gets its image in. */
export async function cannotPush(registry: Registry): Promise<string | undefined> {
  const repository = await registry.writable(parseRepositoryName('team/app'));
  const layer = blobOf('after the power cut');
  const image: Content = imageManifest({ layers: [layer], config: layer });
  await pushBlob(repository, layer);
  await pushManifest(repository, 'after', image);
  const found = await unlessUnknown(repository.manifests.get(parseReference('after')));
  return found?.digest === image.digest ? undefined : 'nothing can be pushed';
}

async function isWhole(blobs: Awaited<ReturnType<Registry['repository']>>['blobs'], digest: string): Promise<boolean> {
  if (!isDigest(digest)) return false;
  const content = await unlessUnknown(blobs.open(digest));
  if (content === undefined) return false;
  try {
    const bytes = Buffer.alloc(content.info.size);
    await content.readInto(bytes, 0);
    return digestOf(bytes) === digest;
  } finally {
    await content.close();
  }
}

async function unlessUnknown<Found>(work: Promise<Found>): Promise<Found | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RegistryError && error.code.endsWith('_UNKNOWN')) return undefined;
    throw error;
  }
}
