// The catalogue over HTTP.
import { describe, expect, it } from 'vitest';
import { codesOf } from './support/answers.ts';
import { pushImage } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

describe('GET _catalog', () => {
  it('lists repositories in byte order and pages with n, last and Link', async () => {
    const { app } = registryApp();
    for (const name of ['b', 'a/b', 'a', 'a-b']) await pushImage(app, name, 'v1');
    expect((await app.inject('/v2/_catalog')).json()).toEqual({ repositories: ['a', 'a-b', 'a/b', 'b'] });
    const page = await app.inject('/v2/_catalog?n=3');
    expect(page.json()).toEqual({ repositories: ['a', 'a-b', 'a/b'] });
    expect(page.headers.link).toBe('</v2/_catalog?n=3&last=a%2Fb>; rel="next"');
    const last = await app.inject('/v2/_catalog?n=3&last=a%2Fb');
    expect(last.json()).toEqual({ repositories: ['b'] });
    expect(last.headers).not.toHaveProperty('link');
  });

  it('is empty for an empty registry, and refuses a bad n', async () => {
    const { app } = registryApp();
    expect((await app.inject('/v2/_catalog')).body).toBe('{"repositories":[]}');
    const answer = await app.inject('/v2/_catalog?n=x');
    expect(answer.statusCode).toBe(400);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
  });
});
