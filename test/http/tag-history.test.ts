// The history of a tag over HTTP (distribution-spec PR 606).
import type { LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushImage } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

const [a, b] = ['a', 'b'].map((name) => imageManifest({ annotations: { name } })) as [
  ReturnType<typeof imageManifest>,
  ReturnType<typeof imageManifest>,
];
const url = '/v2/team/app/_oci/tag-history/v1';
const timestamp = 'org.opencontainers.distribution.tag.timestamp';
const event = 'org.opencontainers.distribution.tag.event';

interface Answered {
  readonly manifests: readonly {
    readonly digest: string;
    readonly mediaType: string;
    readonly size: number;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

async function moved() {
  const { app } = registryApp();
  await pushImage(app, 'team/app', 'v1', a);
  await pushImage(app, 'team/app', 'v1', b);
  await app.inject({ method: 'DELETE', url: '/v2/team/app/manifests/v1' });
  await pushImage(app, 'team/app', 'v1', a);
  await pushImage(app, 'team/app', 'v2', b);
  return app;
}

const shownIn = (answer: { json(): Answered }) =>
  answer.json().manifests.map(({ digest, annotations }) => [annotations[event], digest]);

const all = [
  ['created', a.digest],
  ['deleted', b.digest],
  ['created', b.digest],
  ['created', a.digest],
];

describe('GET tag-history', () => {
  it('answers an index of what the tag meant, the newest first', async () => {
    const answer = await (await moved()).inject(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe(mediaTypes.imageIndex);
    expect(answer.headers).not.toHaveProperty('link');
    expect(answer.json()).toMatchObject({ schemaVersion: 2, mediaType: mediaTypes.imageIndex });
    expect(shownIn(answer)).toEqual(all);
    const [first] = (answer.json() as Answered).manifests;
    expect(first).toMatchObject({ mediaType: mediaTypes.imageManifest, size: a.bytes.byteLength });
    expect(first?.annotations['io.moorage.tag.how']).toBe('push');
    expect(first?.annotations[timestamp]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('comes in pages, by Link', async () => {
    const app = await moved();
    const seen: unknown[] = [];
    for (let next: string | undefined = `${url}?n=3`; next !== undefined; ) {
      const answer: LightMyRequestResponse = await app.inject(next);
      seen.push(...shownIn(answer));
      next = /^<(.*)>; rel="next"$/.exec(String(answer.headers.link ?? ''))?.[1];
      if (next !== undefined) expect(next).toContain('n=3');
    }
    expect(seen).toEqual(all);
    const none = await app.inject(`${url}?n=0`);
    expect([shownIn(none), none.headers.link]).toEqual([[], undefined]);
  });

  it('is bounded by times and by a digest', async () => {
    const app = await moved();
    const times = ((await app.inject(url)).json() as Answered).manifests.map(
      ({ annotations }) => annotations[timestamp],
    );
    const between = `before=${times[0]}&since=${times[3]}`;
    expect(shownIn(await app.inject(`${url}?${between}`))).toEqual(all.slice(1, 3));
    expect(shownIn(await app.inject(`${url}?digest=${b.digest}`))).toEqual(all.slice(1, 3));
    const paged = await app.inject(`${url}?n=1&${between}`);
    expect(paged.headers.link).toContain(`before=${encodeURIComponent(times[0] ?? '')}`);
    expect(shownIn(await app.inject(`${url}?digest=${imageManifest({ annotations: { name: 'c' } }).digest}`))).toEqual(
      [],
    );
  });

  it.each([
    ['another tag', '/v2/team/app/_oci/tag-history/v3'],
    ['what no tag can be called', '/v2/team/app/_oci/tag-history/-v1'],
    ['another repository', '/v2/team/other/_oci/tag-history/v1'],
  ])('is empty for %s, since 404 says that there is no such endpoint', async (_, path) => {
    const answer = await (await moved()).inject(path);
    expect([answer.statusCode, answer.json().manifests]).toEqual([200, []]);
  });

  it.each(['n=x', 'n=-1', 'before=yesterday', 'since=', 'digest=sha256:1', 'last=b', 'last=-1'])(
    'refuses %s with 400',
    async (query) => {
      expect((await (await moved()).inject(`${url}?${query}`)).statusCode).toBe(400);
    },
  );

  it('refuses what can be no name, and what is no question', async () => {
    const app = await moved();
    const answer = await app.inject('/v2/team/_oci/manifests/v1');
    expect([answer.statusCode, codesOf(answer)]).toEqual([400, ['NAME_INVALID']]);
    expect((await app.inject({ method: 'PUT', url })).statusCode).toBe(405);
  });

  it('has a HEAD', async () => {
    const answer = await (await moved()).inject({ method: 'HEAD', url });
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  it('still answers for a repository all of whose manifests are gone', async () => {
    const app = await moved();
    for (const { digest } of [a, b]) await app.inject({ method: 'DELETE', url: `/v2/team/app/manifests/${digest}` });
    expect(shownIn(await app.inject(url))).toEqual([['deleted', a.digest], ...all]);
  });
});

describe('GET ext/discover', () => {
  it.each(['/v2/_oci/ext/discover', '/v2/team/app/_oci/ext/discover'])('tells of the extension at %s', async (path) => {
    const { app } = registryApp();
    const answer = await app.inject(path);
    expect(answer.statusCode).toBe(200);
    const [extension] = answer.json().extensions;
    expect(extension).toMatchObject({ name: '_oci', url: expect.stringContaining('https://') });
    expect(extension.endpoints.join(' ')).toContain('_oci/tag-history/<tag>');
  });
});
