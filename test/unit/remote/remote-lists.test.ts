// Catalog, tags and referrers of registries that behave, and of those that do not.
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { type Content, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { clientOf, fakeServer, json, refusal } from './fake-registry.ts';

const app = parseRepositoryName('team/app');

describe('the catalog', () => {
  it('is read over all pages, in byte order, each name once', async () => {
    const server = await fakeServer(({ url }, response) => {
      if (url === '/v2/_catalog')
        json(response, { repositories: ['b', 'a/z'] }, { link: '</v2/_catalog?last=a>; rel="next"' });
      else json(response, { repositories: ['a', 'b', 'Not A Name'] });
    });
    const { remote } = clientOf(server);
    expect(await remote.repositories()).toEqual(['a', 'a/z', 'b']);
    expect(server.seen.map(({ url }) => url)).toEqual(['/v2/_catalog', '/v2/_catalog?last=a']);
    expect(remote.description).toBe(server.origin);
  });

  it('may be empty, or null as Go writes it', async () => {
    const { remote } = clientOf(await fakeServer((_request, response) => json(response, { repositories: null })));
    expect(await remote.repositories()).toEqual([]);
  });

  it.each([
    [404, 'NOT_FOUND'],
    [405, 'UNSUPPORTED'],
  ])('is not there: %s', async (status, code) => {
    const { remote } = clientOf(await fakeServer((_request, response) => refusal(response, status, code)));
    await expect(remote.repositories()).rejects.toMatchObject({ name: 'RegistryError', code: 'UNSUPPORTED' });
  });

  it('that goes in circles is given up', async () => {
    const server = await fakeServer(({ url }, response) => {
      const next = url.endsWith('last=a') ? 'b' : 'a';
      json(response, { repositories: ['x'] }, { link: `</v2/_catalog?last=${next}>; rel="next"` });
    });
    await expect(clientOf(server).remote.repositories()).rejects.toThrow('go in circles');
    expect(server.seen).toHaveLength(3);
  });

  it('that has no end is given up', async () => {
    const many = Array.from({ length: 200_000 }, (_, at) => `r${at}`);
    let page = 0;
    const server = await fakeServer((_request, response) => {
      page += 1;
      json(response, { repositories: many }, { link: `</v2/_catalog?last=${page}>; rel="next"` });
    });
    await expect(clientOf(server).remote.repositories()).rejects.toThrow('has no end');
    expect(page).toBe(6);
  });

  it('that brings nothing page after page is given up', async () => {
    let page = 0;
    const server = await fakeServer((_request, response) => {
      page += 1;
      json(response, { repositories: [] }, { link: `</v2/_catalog?last=${page}>; rel="next"` });
    });
    await expect(clientOf(server).remote.repositories()).rejects.toThrow('has no end');
    expect(page).toBe(201);
  });

  it('that is too long is given up, by its bytes', async () => {
    const page = JSON.stringify({ repositories: ['x'], padding: 'x'.repeat(15 * 1024 * 1024) });
    const server = await fakeServer(({ url }, response) => {
      const link = `</v2/_catalog?last=${url.length}${'x'.repeat(url.length)}>; rel="next"`;
      response.writeHead(200, { 'content-type': 'application/json', link }).end(page);
    });
    await expect(clientOf(server).remote.repositories()).rejects.toThrow('longer than 67108864 bytes');
    expect(server.seen).toHaveLength(5);
  });

  it.each([
    ['a page of a web server', 'text/html', '<html>hello</html>'],
    ['another document', 'application/json', '{"repositories": "all"}'],
  ])('that is %s is none', async (_what, type, body) => {
    const server = await fakeServer((_request, response) =>
      response.writeHead(200, { 'content-type': type }).end(body),
    );
    await expect(clientOf(server).remote.repositories()).rejects.toThrow('not that of a registry');
  });

  it('larger than 16 MiB a page is not held in memory', async () => {
    const server = await fakeServer((_request, response) => {
      const chunk = Buffer.alloc(1024 * 1024, 0x20);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await expect(clientOf(server).remote.repositories()).rejects.toThrow('longer than 16777216 bytes');
  });
});

describe('the tags of a repository', () => {
  it('are read over all pages, without those of the referrers tag schema', async () => {
    const server = await fakeServer(({ url }, response) => {
      const hidden = `sha256-${'0'.repeat(64)}`;
      if (url.includes('last')) json(response, { tags: ['v1', 'v2', hidden, 'not a tag'] });
      else json(response, { name: 'team/app', tags: ['v10'] }, { link: '</v2/team/app/tags/list?last=v10>; rel=next' });
    });
    expect(await clientOf(server).remote.tags(app)).toEqual(['v1', 'v10', 'v2']);
  });

  it('of an unknown repository: NAME_UNKNOWN, with what was looked for', async () => {
    const server = await fakeServer((_request, response) =>
      refusal(response, 404, 'NAME_UNKNOWN', 'never \x1b[31mheard'),
    );
    await expect(clientOf(server).remote.tags(app)).rejects.toMatchObject({
      code: 'NAME_UNKNOWN',
      message: `repository name not known to registry: ${server.host}/team/app (never \\u{1b}[31mheard)`,
    });
  });
});

describe('referrers', () => {
  const image = imageManifest();
  const sbom = referrerOf(image, 'application/sbom', { 'org.example.a': '1' });
  const signature = referrerOf(image, 'application/signature');
  const response = (...manifests: object[]) => ({ schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests });
  const index = { 'content-type': mediaTypes.imageIndex };

  it('come from the API, over all pages', async () => {
    const server = await fakeServer(({ url }, answer) => {
      const next = { ...index, link: `<${url}?page=2>; rel="next"` };
      if (url.includes('page=2')) json(answer, response({ ...sbom.descriptor, annotations: null }), index);
      else json(answer, response({ ...signature.descriptor, artifactType: 'application/signature' }), next);
    });
    expect(await clientOf(server).remote.referrers(app, image.digest)).toEqual([
      { ...signature.descriptor, artifactType: 'application/signature' },
      sbom.descriptor,
    ]);
  });

  it('none: an empty list, without a look at the tag', async () => {
    const server = await fakeServer((_request, answer) => json(answer, response(), index));
    expect(await clientOf(server).remote.referrers(app, image.digest)).toEqual([]);
    expect(server.seen).toHaveLength(1);
  });

  /** A registry without the API that has these manifests, and a list of referrers under the tag. */
  async function withoutApi(
    listed: readonly Content[],
    stored: readonly Content[],
    api: (answer: ServerResponse) => void = (answer) => answer.writeHead(404).end('404 page not found'),
  ) {
    const list = imageIndex({ manifests: listed });
    const tag = image.digest.replace(':', '-');
    return fakeServer(({ url }, answer) => {
      const wanted = url.slice('/v2/team/app/manifests/'.length);
      const found = wanted === tag ? list : stored.find(({ digest }) => digest === wanted);
      if (url.includes('/referrers/')) api(answer);
      else if (found === undefined) refusal(answer, 404, 'MANIFEST_UNKNOWN');
      else answer.writeHead(200, { 'content-type': found.descriptor.mediaType }).end(found.bytes);
    });
  }

  it.each<[string, (answer: ServerResponse) => void]>([
    ['not found', (answer) => answer.writeHead(404).end('404 page not found')],
    ['a page', (answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end('<p>hi')],
    ['JSON as a page', (answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end('{"manifests":[]}')],
    ['other JSON', (answer) => json(answer, { status: 'ok' })],
  ])('without the API (%s) come from the tag, as their manifests describe themselves', async (_what, api) => {
    const lie = { ...signature, descriptor: { ...signature.descriptor, artifactType: 'application/lie' } };
    const server = await withoutApi([sbom, lie], [sbom, signature], api);
    expect(await clientOf(server).remote.referrers(app, image.digest)).toEqual([
      { ...sbom.descriptor, artifactType: 'application/sbom', annotations: { 'org.example.a': '1' } },
      { ...signature.descriptor, artifactType: 'application/signature', annotations: {} },
    ]);
  });

  it('of the tag that are gone, or refer to something else, or are no manifests, are none', async () => {
    const other = referrerOf(`sha256:${'1'.repeat(64)}` as Digest, 'application/sbom');
    const broken = { ...imageManifest({ annotations: { a: 'b' } }) };
    const server = await withoutApi([sbom, signature, other, broken], [signature, other, broken]);
    const found = await clientOf(server).remote.referrers(app, image.digest);
    expect(found.map(({ digest }) => digest)).toEqual([signature.digest]);
  });

  it('without the API and the tag there are none', async () => {
    const server = await fakeServer((_request, answer) => refusal(answer, 404, 'MANIFEST_UNKNOWN'));
    expect(await clientOf(server).remote.referrers(app, image.digest)).toEqual([]);
  });

  it('that may not be read are an error, not an empty list', async () => {
    const server = await fakeServer((_request, answer) => refusal(answer, 403, 'DENIED', 'not you'));
    await expect(clientOf(server).remote.referrers(app, image.digest)).rejects.toMatchObject({ code: 'DENIED' });
  });
});
