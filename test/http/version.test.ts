// The version check, and what every answer carries.
import { describe, expect, it } from 'vitest';
import { registryApp } from './support/registry-app.ts';

describe('GET /v2/', () => {
  it.each(['/v2/', '/v2', '/v2/?ns=docker.io'])('%s says that this is a registry', async (url) => {
    const { app } = registryApp();
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await app.inject({ method, url });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({
        'docker-distribution-api-version': 'registry/2.0',
        'content-type': 'application/json',
        'content-length': '2',
      });
      expect(answer.body).toBe(method === 'GET' ? '{}' : '');
    }
  });
});

describe('Warning', () => {
  it('is on every answer once it is configured, errors included', async () => {
    const { app } = registryApp({ settings: { warning: 'moves on "Friday"' } });
    for (const url of ['/v2/', '/v2/a/tags/list', '/nowhere']) {
      expect((await app.inject(url)).headers.warning).toBe('299 - "moves on \\"Friday\\""');
    }
  });
});
