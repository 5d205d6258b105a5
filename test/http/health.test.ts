// Liveness and readiness.
import { describe, expect, it, vi } from 'vitest';
import { codesOf } from './support/answers.ts';
import { registryApp } from './support/registry-app.ts';

describe('health', () => {
  it.each(['/livez', '/readyz'])('%s is 200 while nothing is wrong', async (url) => {
    const { app } = registryApp();
    for (const method of ['GET', 'HEAD'] as const) expect((await app.inject({ method, url })).statusCode).toBe(200);
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
