// `/api/events`: what happens, as it happens, to those who may know of it.
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EventDesk } from '../../src/events/event-desk.ts';
import { EventFeed } from '../../src/events/event-feed.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { systemClock } from '../../src/storage/clock.ts';
import { silentLog } from '../support/silent-log.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushImage } from './support/content.ts';
import { guardedApp, type WrittenRule } from './support/guarded-app.ts';
import { type RegistryApp, registryApp } from './support/registry-app.ts';

const image = imageManifest({ layers: [Buffer.from('a layer')] });

async function telling(rules?: readonly WrittenRule[]): Promise<RegistryApp & { url: string; feed: EventFeed }> {
  const feed = new EventFeed({ host: 'site' });
  const desk = new EventDesk({
    ...{ endpoints: [], clock: systemClock, log: silentLog },
    onEvents: (events) => feed.add(events),
  });
  const options = { live: feed, desk };
  const tested = rules === undefined ? registryApp(options) : guardedApp(rules, options);
  await tested.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = tested.app.server.address() as AddressInfo;
  return { ...tested, url: `http://127.0.0.1:${port}/api/events`, feed };
}

interface Heard {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

/** Listens, and gives one event after the other. */
async function listener(url: string, headers: Record<string, string> = {}) {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const response = await fetch(url, { headers, signal: leaving.signal });
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<Heard | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += value;
        continue;
      }
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      if (data !== undefined) return { name: field('event') ?? '', id: field('id'), data: JSON.parse(data) };
    }
  };
  return { response, next, leave: () => leaving.abort() };
}

describe('a listener', () => {
  it('hears of each push and tag, as CloudEvents, without who it was', async () => {
    const { app, url } = await telling();
    const { response, next } = await listener(url);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store');
    await pushImage(app, 'team/app', 'v1', image);
    const [push, tag] = [await next(), await next()];
    expect([push?.name, tag?.name]).toEqual(['push', 'tag']);
    expect(push?.data).toMatchObject({
      specversion: '1.0',
      id: push?.id,
      type: 'io.moorage.manifest.pushed',
      data: { repository: 'team/app', tags: ['v1'], digest: image.digest },
    });
    expect(JSON.stringify([push, tag])).not.toContain('"by"');
  });

  it('who comes back hears what came meanwhile, or that something did', async () => {
    const { app, url } = await telling();
    const first = await listener(url);
    await pushImage(app, 'team/app', 'v1', image);
    const push = await first.next();
    first.leave();
    await pushImage(app, 'team/app', 'v2', image);
    const again = await listener(url, { 'last-event-id': push?.id ?? '' });
    expect((await again.next())?.data).toMatchObject({ subject: 'v1' });
    expect((await again.next())?.data).toMatchObject({ data: { tags: ['v2'] } });
    const late = await listener(url, { 'last-event-id': 'of another server' });
    expect((await late.next())?.name).toBe('missed');
  });

  it('hears of nothing that it may not see', async () => {
    const rules: WrittenRule[] = [
      { repositories: '**', who: 'root', may: 'admin' },
      { repositories: 'team/**', who: 'anna', may: 'pull' },
    ];
    const { app, url } = await telling(rules);
    const [anna, root] = [
      await listener(url, { authorization: 'Basic anna' }),
      await listener(url, { authorization: 'Basic root' }),
    ];
    const asRoot = { authorization: 'Basic root' };
    for (const name of ['secret/app', 'team/app']) {
      const payload = image.bytes;
      const headers = { ...asRoot, 'content-type': mediaTypes.imageManifest };
      const answer = await app.inject({ method: 'PUT', url: `/v2/${name}/manifests/v1`, headers, payload });
      expect(answer.statusCode).toBe(201);
    }
    expect((await root.next())?.data).toMatchObject({ data: { repository: 'secret/app' } });
    expect((await anna.next())?.data).toMatchObject({ data: { repository: 'team/app' } });
    expect((await fetch(url)).status).toBe(401);
  });

  it('is forgotten when it leaves', async () => {
    const { url, feed } = await telling();
    const { leave } = await listener(url);
    expect(feed.listeners).toBe(1);
    leave();
    await expect.poll(() => feed.listeners).toBe(0);
  });

  it('does not hold up a server that stops', async () => {
    const { app, url } = await telling();
    const { next } = await listener(url);
    const heard = next();
    await app.close();
    expect(await heard).toBeUndefined();
  });
});

it('there are no more listeners than a server can have, and none where nothing is told', async () => {
  const { url, feed } = await telling();
  for (let at = 0; at < 250; at += 1) feed.listen(() => {}, undefined);
  const refused = await fetch(url);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(codesOf(await registryApp().app.inject('/api/events'))).toEqual(['UNSUPPORTED']);
});
