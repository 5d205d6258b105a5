// A look at registries over HTTP: a hand-written one that promises what it does not have.

import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/inspection/findings/finding.ts';
import { inspectRemote } from '../../../src/inspection/inspect-remote.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { referrersTagOf } from '../../../src/oci/referrers-tag.ts';
import { blobsOf, findingsOf } from '../../hostile/stranger.ts';
import { type Content, contentOf, type Image, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';
import { fakeServer, json, refusal } from '../remote/fake-registry.ts';

const image = imageManifest();
const sbom = referrerOf(image, 'application/vnd.example.sbom');

interface Held {
  readonly tags: Readonly<Record<string, Content>>;
  readonly manifests?: readonly Content[];
  readonly blobs?: readonly Content[];
  /** By subject; undefined: there is no referrers API. */
  readonly referrers?: Readonly<Record<string, readonly Content[]>> | undefined;
}

/** A registry with one repository, `app`. */
async function registryWith({ tags, manifests = [], blobs = [], referrers }: Held) {
  const known = new Map<string, Content>([...manifests, ...Object.values(tags)].map((each) => [each.digest, each]));
  const byDigest = new Map<string, Content>(blobs.map((each) => [each.digest, each]));
  return fakeServer(({ url, range }, response) => {
    const [, noun = '', reference = ''] = /^\/v2\/app\/(tags|manifests|blobs|referrers)\/(.*)$/.exec(url) ?? [];
    if (url === '/v2/_catalog') return json(response, { repositories: ['app', 'gone'] });
    if (noun === 'tags') return json(response, { name: 'app', tags: Object.keys(tags) });
    if (noun === 'referrers' && referrers !== undefined) {
      const listed = (referrers[reference] ?? []).map(({ descriptor }) => descriptor);
      return json(response, { schemaVersion: 2, manifests: listed }, { 'content-type': mediaTypes.imageIndex });
    }
    const found = noun === 'manifests' ? (tags[reference] ?? known.get(reference)) : byDigest.get(reference);
    if (found === undefined) return refusal(response, 404, noun === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');
    const { bytes, descriptor } = found;
    if (noun === 'manifests') {
      response.writeHead(200, { 'content-type': descriptor.mediaType, 'docker-content-digest': descriptor.digest });
      response.end(bytes);
    } else if (range === 'bytes=0-0') {
      response.writeHead(206, { 'content-range': `bytes 0-0/${bytes.byteLength}` }).end(bytes.subarray(0, 1));
    } else response.writeHead(200, { 'content-length': bytes.byteLength }).end(bytes);
  });
}

function contents(images: readonly Image[]) {
  return { manifests: images, blobs: images.flatMap((each) => blobsOf(each).slice(1)) };
}

async function look(held: Held, { verify = false, name = 'app' } = {}): Promise<readonly Finding[]> {
  const { host } = await registryWith(held);
  const named = name === '' ? undefined : parseRepositoryName(name);
  const { parts } = await inspectRemote(
    { kind: 'remote', host, scheme: 'http', name: named, reference: undefined },
    {
      root: '',
      plainHttp: true,
      environment: {},
      userAgent: 'test',
      isRootGiven: false,
      rules: defaultRules,
      verify,
      log: silentLog,
    },
  );
  return findingsOf(parts);
}

const codesOf = (findings: readonly Finding[]) => findings.map(({ code }) => code);

describe('inspect of a registry', () => {
  it('finds nothing where everything is as it should be', async () => {
    const held = { tags: { v1: image }, ...contents([image, sbom]), referrers: { [image.digest]: [sbom] } };
    expect(await look(held, { verify: true })).toEqual([]);
  });

  it('asks every repository of the catalog, and goes on when one is not there', async () => {
    const held = { tags: { v1: image }, ...contents([image]), referrers: {} };
    expect(await look(held, { name: '' })).toMatchObject([{ code: 'cannot-be-read', name: 'gone' }]);
  });

  it.each<[code: string, held: Held]>([
    ['no-referrers-api', { tags: { v1: image }, ...contents([image]) }],
    ['missing-content', { tags: { v1: image }, referrers: {} }],
    ['wrong-size', { tags: { v1: image }, blobs: [image.config, ...image.layers.map(longer)], referrers: {} }],
    ['missing-child', { tags: { v1: imageIndex({ manifests: [image] }) }, referrers: {} }],
    ['deleted-referrer', { tags: { v1: image }, ...contents([image]), referrers: { [image.digest]: [sbom] } }],
    [
      'foreign-referrer',
      { tags: { v1: image }, ...contents([image, other()]), referrers: { [image.digest]: [other()] } },
    ],
    ['not-a-manifest', { tags: { v1: contentOf(Buffer.from('{}'), mediaTypes.imageManifest) }, referrers: {} }],
    ['unknown-media-type', { tags: { v1: contentOf(Buffer.from('{}'), 'application/vnd.example') }, referrers: {} }],
  ])('%s', async (code, held) => {
    expect(codesOf(await look(held))).toContain(code);
  });

  it('finds a referrers tag beside the API, and what only the tag lists', async () => {
    const response = imageIndex({ manifests: [sbom, referrerOf(image, 'application/vnd.example.gone')] });
    const tags = { v1: image, [referrersTagOf(image.digest)]: response };
    const found = codesOf(await look({ tags, ...contents([image, sbom]), referrers: { [image.digest]: [] } }));
    expect([...found].sort()).toEqual(['deleted-referrer', 'not-in-referrers-api', 'referrers-tag-beside-api']);
  });

  it('--verify downloads, and finds bytes that are not those of the digest', async () => {
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('an image without layers');
    const forged = { ...layer, bytes: Buffer.from(layer.bytes.map((byte) => byte ^ 1)) };
    const held = { tags: { v1: image }, blobs: [image.config, forged], referrers: {} };
    expect(codesOf(await look(held))).toEqual([]);
    expect(codesOf(await look(held, { verify: true }))).toEqual(['wrong-digest']);
  });

  it('refuses a repository that is not there, when it is the one that was named', async () => {
    await expect(look({ tags: {} }, { name: 'nowhere' })).rejects.toMatchObject({ status: 404 });
  });
});

function longer(blob: Content): Content {
  return { ...blob, bytes: Buffer.concat([blob.bytes, blob.bytes]) };
}

function other(): Image {
  return imageManifest({ annotations: { other: 'yes' } });
}
