// Liveness and readiness.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest } from './support/content.ts';
import { diskApp } from './support/disk-app.ts';
import { guardedApp } from './support/guarded-app.ts';
import { registryApp } from './support/registry-app.ts';

describe('health', () => {
  it.each(['/livez', '/readyz'])('%s is 200 while nothing is wrong', async (url) => {
    const { app } = registryApp();
    for (const method of ['GET', 'HEAD'] as const) expect((await app.inject({ method, url })).statusCode).toBe(200);
  });

  it('/readyz minds no web project among the repositories, and nothing writes into its index.json', async () => {
    const { app, directory } = await diskApp();
    mkdirSync(`${directory}/site`);
    writeFileSync(`${directory}/site/index.json`, '{"name":"site"}');
    for (const method of ['GET', 'PUT'] as const) {
      const { bytes } = imageManifest();
      const headers = { 'content-type': mediaTypes.imageManifest };
      const answer = await app.inject({ method, url: '/v2/site/manifests/v1', headers, payload: bytes });
      expect(answer.statusCode).toBe(503);
      expect(answer.body).toContain('is not an image index; it is left as it is');
    }
    expect(readFileSync(`${directory}/site/index.json`, 'utf8')).toBe('{"name":"site"}');
    expect((await app.inject('/readyz')).statusCode).toBe(200);
  });

  it('/readyz stays 200 where a blob is damaged, and says so: everything else is served', async () => {
    const { app, registry } = registryApp();
    vi.spyOn(registry, 'warnings').mockResolvedValue(['a damaged file is not served: \u001bblobs']);
    const answer = await app.inject('/readyz');
    expect([answer.statusCode, answer.body]).toEqual([200, 'ok\na damaged file is not served: \\u{1b}blobs\n']);
  });

  it('/readyz names no repository where not everybody may know of it', async () => {
    const { app, registry } = guardedApp([{ repositories: 'public/*', who: 'anonymous', may: 'pull' }]);
    vi.spyOn(registry, 'warnings').mockResolvedValue(['team/app is damaged']);
    expect((await app.inject('/readyz')).body).toBe('ok\n');
    vi.spyOn(registry, 'readiness').mockResolvedValue(['team/app: index.json is not JSON']);
    const answer = await app.inject('/readyz');
    expect([answer.statusCode, codesOf(answer)]).toEqual([503, ['UNAVAILABLE']]);
    expect(answer.body).not.toContain('team');
  });

  it('/readyz is 503 and names the problems, /livez stays 200', async () => {
    const { app, registry } = registryApp();
    vi.spyOn(registry, 'readiness').mockResolvedValue(['team/app: index.json is not JSON']);
    const answer = await app.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(codesOf(answer)).toEqual(['UNAVAILABLE']);
    expect(answer.body).toContain('team/app: index.json is not JSON');
    expect((await app.inject('/livez')).statusCode).toBe(200);
  });
});
