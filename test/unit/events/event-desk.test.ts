// What a registry tells: everything that it changes, with the change itself, to whoever wants to know.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseReference, parseRepositoryName, parseTag } from '../../../src/oci/reference.ts';
import { rollBack } from '../../../src/registry/rollbacks.ts';
import { openFilesystemStore } from '../../../src/storage/filesystem/filesystem-store.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../../src/storage/object-store.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { pushImage, pushManifest } from '../../support/pushes.ts';
import { RecordedLog } from '../../support/registry-under-test.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { endpointNamed, globsOf, inShort, queuedEvents, tellingRegistry } from '../../support/told-events.ts';

const layer = blobOf('base');
const image = imageManifest({ layers: [layer] });
const other = imageManifest({ layers: [layer], annotations: { other: 'image' } });
const by = { user: 'anna', address: '192.0.2.7', userAgent: 'oras', method: 'PUT', base: 'http://localhost:5000' };

describe('on the queue of an endpoint', () => {
  it('is whatever a client changed, when the answer comes, in order, with who it was', async () => {
    const store = new MemoryStore();
    const { repository, told } = tellingRegistry(store, [endpointNamed('ci')]);
    const app = await repository('team/app');
    await pushImage(app, image, 'v1');
    await pushImage(app, image, 'v1');
    await pushImage(app, other, 'v1');
    await (await repository('team/second')).blobs.mount(layer.digest, parseRepositoryName('team/app'), { by });
    await app.manifests.delete(parseReference('v1'));
    await app.manifests.delete(parseReference(other.digest), { by });
    const plan = await app.history.planRollback(parseTag('v1'), { kind: 'digest', begins: image.digest });
    await rollBack(app.manifests, plan, { by });
    await (await repository('team/second')).blobs.delete(layer.digest, by);
    const queued = await queuedEvents(store, 'ci');
    expect(queued.map(inShort)).toEqual([
      'push v1',
      'tag v1 push',
      'push v1',
      'push v1',
      'tag v1 push',
      'mount team/app',
      'tag v1 delete gone',
      'delete manifest',
      'push v1',
      'tag v1 rollback',
      'delete blob',
    ]);
    expect(queued).toEqual(JSON.parse(JSON.stringify(told)));
    expect(new Set(queued.map(({ id }) => id)).size).toBe(queued.length);
    expect(queued[4]).toMatchObject({
      repository: 'team/app',
      from: { digest: image.digest },
      to: { digest: other.digest },
    });
    expect(queued.flatMap((event) => ('by' in event && event.by !== undefined ? [inShort(event)] : []))).toEqual([
      'mount team/app',
      'delete manifest',
      'push v1',
      'tag v1 rollback',
      'delete blob',
    ]);
    expect(queued[5]).toMatchObject({ content: { digest: layer.digest, size: layer.bytes.byteLength }, by });
  });

  it('outlives a power cut with its directories, which are synced once', async () => {
    const store: ObjectStore = new MemoryStore();
    const calls: string[] = [];
    const { settle, makeDurable } = store;
    store.settle = (prefix) => {
      if (prefix.startsWith('.moorage/events')) calls.push(prefix);
      return settle.call(store, prefix);
    };
    store.makeDurable = (key) => {
      if (key.startsWith('.moorage/events')) calls.push('file');
      return makeDurable.call(store, key);
    };
    const { repository } = tellingRegistry(store, [endpointNamed('ci', { types: ['push'] })]);
    const app = await repository('team/app');
    await pushImage(app, image, 'v1');
    expect(calls).toEqual(['file', '.moorage/events/ci/waiting']);
    await pushImage(app, other, 'v2');
    expect(calls).toEqual(['file', '.moorage/events/ci/waiting', 'file']);
  });

  it('is what it wants, and nothing else', async () => {
    const store = new MemoryStore();
    const endpoints = [
      endpointNamed('tags', { types: ['tag'] }),
      endpointNamed('team', { repositories: globsOf('team/**'), types: ['push'] }),
      endpointNamed('nobody', { repositories: globsOf('else/*') }),
    ];
    const { repository } = tellingRegistry(store, endpoints);
    await pushImage(await repository('team/app'), image, 'v1');
    await pushImage(await repository('shop'), image, 'v1');
    const waiting = async (name: string) => (await queuedEvents(store, name)).map(inShort);
    expect(await waiting('tags')).toEqual(['tag v1 push', 'tag v1 push']);
    expect(await waiting('team')).toEqual(['push v1']);
    expect(await waiting('nobody')).toEqual([]);
    expect((await store.list('.moorage/events' as Key)).map(({ name }) => name)).toEqual(['tags', 'team']);
  });

  it('is what another program did to tags, once somebody looks', async () => {
    const root = await temporaryDirectory();
    const store = await openFilesystemStore(root, { log: new RecordedLog() });
    const { repository } = tellingRegistry(store, [endpointNamed('ci', { types: ['tag'] })]);
    const app = await repository('team/app');
    await pushImage(app, image, 'v1');
    await pushImage(app, other, 'v2');
    const path = join(root, 'team/app/index.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"v2"', '"v3"'));
    await pushImage(app, image, 'v4');
    const queued = await queuedEvents(store, 'ci');
    // The tag that it took away was acknowledged a moment ago, and is put back: nothing happened to that.
    expect(queued.map(inShort).slice(2)).toEqual(['tag v3 foreign', 'tag v4 push']);
  });

  it('is not what was refused', async () => {
    const store = new MemoryStore();
    const { repository } = tellingRegistry(store, [endpointNamed('ci')]);
    const app = await repository('team/app');
    await pushImage(app, image, 'v1');
    const before = (await queuedEvents(store, 'ci')).length;
    await expect(app.manifests.delete(parseReference('absent'))).rejects.toThrow();
    await expect(app.blobs.delete(other.digest)).rejects.toThrow();
    expect(await app.blobs.mount(blobOf('absent').digest, undefined)).toBe(false);
    expect(await queuedEvents(store, 'ci')).toHaveLength(before);
  });
});

describe('where something is in the way', () => {
  /** Refuses to append what lies below a prefix, as a full disk does. */
  function refusing(prefix: string) {
    const store = new MemoryStore();
    const append = store.append.bind(store);
    const refused = { isOn: true };
    store.append = async (key, bytes) => {
      if (refused.isOn && key.startsWith(prefix)) throw new StorageError('no-space', 'the device is full');
      return append(key, bytes);
    };
    return { store, refused };
  }

  it('a mount is done although its event has no room, and the log tells', async () => {
    const { store } = refusing('.moorage/events');
    const { repository, log } = tellingRegistry(store, [endpointNamed('ci', { types: ['mount'] })]);
    await pushImage(await repository('a'), image, 'v1');
    expect(await (await repository('b')).blobs.mount(layer.digest, parseRepositoryName('a'))).toBe(true);
    expect(log.lines.map(({ message }) => message)).toContain('an event could not be put on its queue');
  });

  it('one endpoint whose queue cannot be written keeps neither another one, nor the history, nor a push from going on', async () => {
    const root = await temporaryDirectory();
    const store = await openFilesystemStore(root, { log: new RecordedLog() });
    mkdirSync(join(root, '.moorage/events/bad'), { recursive: true });
    writeFileSync(join(root, '.moorage/events/bad/waiting'), '');
    const { repository, log } = tellingRegistry(store, [
      endpointNamed('bad'),
      endpointNamed('good'),
      endpointNamed('other'),
    ]);
    const app = await repository('team/app');
    await pushImage(app, image, 'v1');
    await pushImage(app, image, 'v1');
    await pushImage(app, other, 'v1');
    const expected = ['push v1', 'tag v1 push', 'push v1', 'push v1', 'tag v1 push'];
    for (const name of ['good', 'other']) expect((await queuedEvents(store, name)).map(inShort)).toEqual(expected);
    const { moves } = await app.history.of(parseTag('v1'));
    expect(moves.map(({ how }) => how)).toEqual(['push', 'push']);
    expect(new Set(log.lines.map(({ message }) => message))).toContain('an event could not be put on its queue');
  });

  it('of a change of very many tags the first thousand are told, and all of it is done', {
    timeout: 60_000,
  }, async () => {
    const store = new MemoryStore();
    const { repository } = tellingRegistry(store, [endpointNamed('ci')]);
    const app = await repository('team/app');
    const tags = Array.from({ length: 1_200 }, (_, at) => `t${at}`);
    for (let at = 0; at < tags.length; at += 100)
      await pushManifest(app, other.digest, other, tags.slice(at, at + 100));
    const before = (await queuedEvents(store, 'ci')).length;
    await app.manifests.delete(parseReference(other.digest));
    const told = (await queuedEvents(store, 'ci')).slice(before).map(inShort);
    expect(told.filter((each) => each.startsWith('tag')).length).toBe(1_000);
    expect(told.at(-1)).toBe('delete manifest');
    expect((await app.tags.list({ limit: 10 })).items).toEqual([]);
  });

  it('a move that nobody noted, as after a crash, is told by whoever looks next', async () => {
    const store = new MemoryStore();
    const first = tellingRegistry(store, []);
    await pushImage(await first.repository('team/app'), image, 'v1');
    await first.registry.close();
    // Another server died right after index.json was replaced: it left neither a history of it nor an event.
    const history = '.moorage/history/team/app/.history' as Key;
    const noted = await store.read(history, 1_000_000);
    const second = tellingRegistry(store, []);
    await pushManifest(await second.repository('team/app'), 'v1', other);
    // Or it would look at the file once more, and note what it finds.
    await second.registry.close();
    if (noted !== undefined) await store.write(history, noted.bytes);
    const { repository } = tellingRegistry(store, [endpointNamed('ci')]);
    await pushManifest(await repository('team/app'), 'v2', image);
    expect((await queuedEvents(store, 'ci')).map(inShort)).toEqual(['tag v1 push', 'push v2', 'tag v2 push']);
  });
});
