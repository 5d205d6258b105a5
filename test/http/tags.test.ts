// The tag list over HTTP.
import type { LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushImage, pushManifest } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

const url = '/v2/team/app/tags/list';

async function tagged(tags: readonly string[]) {
  const { app } = registryApp();
  for (const tag of tags) await pushImage(app, 'team/app', tag);
  return app;
}

describe('GET tags/list', () => {
  it('lists in byte order as plain JSON', async () => {
    const app = await tagged(['b', 'B', 'a', '_x', '1']);
    const answer = await app.inject(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ name: 'team/app', tags: ['1', 'B', '_x', 'a', 'b'] });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['content-length']).toBe(String(answer.rawPayload.byteLength));
    expect(answer.headers).not.toHaveProperty('link');
  });

  it('pages with n and last, and links to the next page until the last one', async () => {
    const app = await tagged(['a', 'b', 'c', 'd', 'e']);
    const seen: string[][] = [];
    let next: string | undefined = `${url}?n=2`;
    while (next !== undefined) {
      const answer: LightMyRequestResponse = await app.inject(next);
      expect(answer.statusCode).toBe(200);
      seen.push(answer.json().tags);
      next = /^<(\/v2\/team\/app\/tags\/list\?n=2&last=[a-e])>; rel="next"$/.exec(String(answer.headers.link))?.[1];
    }
    expect(seen).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('takes last as a position, with and without n', async () => {
    const app = await tagged(['a', 'b', 'd']);
    expect((await app.inject(`${url}?last=b`)).json().tags).toEqual(['d']);
    expect((await app.inject(`${url}?last=c`)).json().tags).toEqual(['d']);
    expect((await app.inject(`${url}?last=z`)).json().tags).toEqual([]);
    expect((await app.inject(`${url}?last=a&n=1`)).json().tags).toEqual(['b']);
  });

  it('answers n=0 with nothing and no link, and a huge n with everything', async () => {
    const app = await tagged(['a', 'b']);
    const none = await app.inject(`${url}?n=0`);
    expect(none.json().tags).toEqual([]);
    expect(none.headers).not.toHaveProperty('link');
    const all = await app.inject(`${url}?n=1000000000&ns=docker.io`);
    expect(all.json().tags).toEqual(['a', 'b']);
    expect(all.headers).not.toHaveProperty('link');
  });

  it.each(['-1', 'abc', '1.5', ''])('refuses n=%s with 400', async (n) => {
    const app = await tagged(['a']);
    const answer = await app.inject(`${url}?n=${n}`);
    expect(answer.statusCode).toBe(400);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
  });

  it('is an empty list, not null, for a repository without tags', async () => {
    const { app } = registryApp();
    const image = imageManifest();
    await pushManifest(app, 'team/app', image.digest, image);
    expect((await app.inject(url)).body).toBe('{"name":"team/app","tags":[]}');
  });

  it('is 404 NAME_UNKNOWN for a repository that does not exist', async () => {
    const { app } = registryApp();
    const answer = await app.inject(url);
    expect(answer.statusCode).toBe(404);
    expect(codesOf(answer)).toEqual(['NAME_UNKNOWN']);
  });

  it('answers HEAD alike without the body', async () => {
    const app = await tagged(['a']);
    const answer = await app.inject({ method: 'HEAD', url });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-length']).toBe(String('{"name":"team/app","tags":["a"]}'.length));
    expect(answer.body).toBe('');
  });
});
