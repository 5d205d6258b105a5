// The catalogue over HTTP.
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import { interleaving } from '../support/interleaving-store.ts';
import { codesOf } from './support/answers.ts';
import { pushImage } from './support/content.ts';
import { head, rawConnection } from './support/raw-connection.ts';
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

  it('is worked out for all who ask at once, and sees what was pushed before it was asked for', async () => {
    const { store, count, rightAfter } = interleaving(new MemoryStore());
    const { app } = registryApp({ store });
    for (let at = 0; at < 50; at += 1) await pushImage(app, `repository-${at}`, 'v1');
    const before = count('list');
    await app.inject('/v2/_catalog');
    const once = count('list') - before;
    let others: Promise<readonly LightMyRequestResponse[]> = Promise.resolve([]);
    rightAfter('list', async () => {
      await pushImage(app, 'meanwhile', 'v1');
      others = Promise.all(Array.from({ length: 20 }, () => app.inject('/v2/_catalog')));
    });
    await app.inject('/v2/_catalog');
    for (const each of await others) expect(each.json().repositories).toContain('meanwhile');
    expect(count('list') - before).toBeLessThan(once * 4);
  });

  it('is not worked out for a client that has gone', async () => {
    const { store, count, rightBefore } = interleaving(new MemoryStore());
    const { app, failures } = registryApp({ store });
    for (let at = 0; at < 50; at += 1) await pushImage(app, `repository-${at}`, 'v1');
    const connection = await rawConnection(app);
    const closed = new Promise<void>((resolve) => {
      rightBefore('list', async () => {
        connection.socket.destroy();
        while ((await openConnections(app)) > 0) await new Promise((later) => setTimeout(later, 5));
        resolve();
      });
    });
    await connection.write(head('GET /v2/_catalog'));
    await closed;
    const lists = count('list');
    await new Promise((later) => setTimeout(later, 50));
    expect(count('list') - lists).toBeLessThan(3);
    expect(failures).toEqual([]);
  });
});

function openConnections(app: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
