// Which state of index.json a request gets: never one from before it began, the last good one while the file is broken.
import { setImmediate as afterTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { parseIndexDocument } from '../../../../src/layout/index/index-parse.ts';
import { IndexReader } from '../../../../src/layout/index/index-reader.ts';
import { LayoutIndex } from '../../../../src/layout/index/layout-index.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore, StoredObject } from '../../../../src/storage/object-store.ts';
import { RequestTurns } from '../../../../src/storage/request-turns.ts';
import { StorageError } from '../../../../src/storage/storage-error.ts';
import { imageManifest } from '../../../support/content.ts';
import { type Interleaving, interleaving } from '../../../support/interleaving-store.ts';
import { codeOf } from '../../../support/pushes.ts';
import { RecordedLog } from '../../../support/registry-under-test.ts';
import { TestClock } from '../../../support/test-clock.ts';

const key: Key = layoutKeys(parseRepositoryName('a')).index;
const { descriptor } = imageManifest();

const anyVersion = { assertReadable: async () => {} };

function indexWith(...tags: string[]): Buffer {
  const manifests = tags.map((tag) => ({
    ...descriptor,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }));
  return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
}

interface ReaderUnderTest extends Interleaving {
  readonly reader: IndexReader;
  readonly clock: TestClock;
  readonly log: RecordedLog;
  readonly foreign: () => number;
  tags(): Promise<readonly string[] | undefined>;
}

function readerOver(inner: ObjectStore = new MemoryStore(), turns?: RequestTurns): ReaderUnderTest {
  const wrapped = interleaving(inner);
  const clock = new TestClock();
  const log = new RecordedLog();
  let foreign = 0;
  const onForeign = () => {
    foreign += 1;
  };
  const reader = new IndexReader({ store: wrapped.store, key, version: anyVersion, clock, turns, log, onForeign });
  const tags = async () => (await reader.current())?.tags();
  return { ...wrapped, reader, clock, log, foreign: () => foreign, tags };
}

describe('requests that arrive together', () => {
  const shown = async ({ reader }: ReaderUnderTest) => (await reader.current('shared'))?.tags();

  it('share a look, which what is decided by the index does not', async () => {
    const turns = new RequestTurns();
    const under = readerOver(new MemoryStore(), turns);
    await under.store.write(key, indexWith('v1'));
    await shown(under);
    const looks = () => under.count('isCurrent');
    turns.arrived();
    await shown(under);
    const before = looks();
    await shown(under);
    expect(looks()).toBe(before);
    await under.reader.current();
    expect(looks()).toBe(before + 1);
  });

  it('see what was written before they were sent', async () => {
    const turns = new RequestTurns();
    const under = readerOver(new MemoryStore(), turns);
    await under.store.write(key, indexWith('v1'));
    turns.arrived();
    expect(await shown(under)).toEqual(['v1']);
    expect(await shown(under)).toEqual(['v1']);
    await under.store.write(key, indexWith('v1', 'v2'));
    await afterTurn();
    // No request of the turn has looked yet, or there is none: each looks for itself.
    expect(await shown(under)).toEqual(['v1', 'v2']);
    await under.store.write(key, indexWith('v1', 'v2', 'v3'));
    turns.arrived();
    expect(await shown(under)).toEqual(['v1', 'v2', 'v3']);
  });

  it('see what this process publishes meanwhile', async () => {
    const turns = new RequestTurns();
    const under = readerOver(new MemoryStore(), turns);
    await under.store.write(key, indexWith('v1'));
    turns.arrived();
    await shown(under);
    await shown(under);
    const info = await under.store.write(key, indexWith('v2'));
    under.reader.published(LayoutIndex.of(parseIndexDocument(indexWith('v2'), undefined)), info);
    expect(await shown(under)).toEqual(['v2']);
  });

  it('see what another process says that it published meanwhile', async () => {
    const turns = new RequestTurns();
    const under = readerOver(new MemoryStore(), turns);
    await under.store.write(key, indexWith('v1'));
    turns.arrived();
    await shown(under);
    await shown(under);
    await under.store.write(key, indexWith('v2'));
    under.reader.lookAnew();
    expect(await shown(under)).toEqual(['v2']);
  });
});

describe('the current index', () => {
  it('is undefined where there is none, and appears with the file', async () => {
    const { store, tags } = readerOver();
    expect(await tags()).toBeUndefined();
    await store.write(key, indexWith('v1'));
    expect(await tags()).toEqual(['v1']);
    await store.delete(key);
    expect(await tags()).toBeUndefined();
  });

  it('is read once for any number of requests, and again after a change', async () => {
    const { store, tags, reader, count } = readerOver();
    await store.write(key, indexWith('v1'));
    await Promise.all([tags(), tags(), tags()]);
    const index = await reader.current();
    await tags();
    const reads = count('read');
    expect(await reader.current()).toBe(index);
    expect(count('read')).toBe(reads);
    await store.write(key, indexWith('v1', 'v2'));
    expect(await tags()).toEqual(['v1', 'v2']);
    expect(count('read')).toBe(reads + 1);
  });

  it('tells of every version that this process did not publish', async () => {
    const { store, tags, foreign } = readerOver();
    await store.write(key, indexWith('v1'));
    await tags();
    await tags();
    expect(foreign()).toBe(1);
    await store.write(key, indexWith('v2'));
    await tags();
    expect(foreign()).toBe(2);
  });

  it('is never older than the request: one that comes while an old version is being read reads again', async () => {
    const { store, tags, rightAfter } = readerOver();
    await store.write(key, indexWith('v1'));
    let later: Promise<readonly string[] | undefined> | undefined;
    rightAfter('read', async () => {
      await store.write(key, indexWith('v1', 'v2'));
      later = tags();
    });
    await tags();
    expect(await later).toEqual(['v1', 'v2']);
  });

  it('is not lost by a slow read of an older version', async () => {
    const { store, tags, reader, rightAfter } = readerOver();
    await store.write(key, indexWith('v1'));
    rightAfter('read', async () => {
      await store.write(key, indexWith('v2'));
      expect(await new IndexReaderOf(store).tags()).toEqual(['v2']);
      const info = await store.stat(key);
      const published = await reader.at(info && { info, read: () => readNow(store) });
      if (info !== undefined) reader.published(published, info);
    });
    await tags();
    expect(await tags()).toEqual(['v2']);
  });

  it('is the published one from the moment that the file shows it', async () => {
    const { store, reader, count, foreign } = readerOver();
    await store.write(key, indexWith('v1'));
    const before = await reader.current();
    if (before === undefined) throw new Error('no index');
    const reads = count('read');
    await store.update(key, async () => ({
      bytes: indexWith('v2'),
      first: [],
      record: (label) => {
        reader.expect(label, before);
        return [];
      },
      note: () => [],
      remove: [],
    }));
    expect(await reader.current()).toBe(before);
    expect(count('read')).toBe(reads);
    expect(foreign()).toBe(1);
  });
});

describe('an index.json that cannot be read', () => {
  const broken = indexWith('v1', 'v2').subarray(0, -20);

  it('leaves the last good state, says so once, and is taken again as soon as it is whole', async () => {
    const { store, tags, reader, clock, log } = readerOver();
    await store.write(key, indexWith('v1'));
    await tags();
    await store.write(key, broken);
    for (let at = 0; at < 5; at += 1) {
      expect(await tags()).toEqual(['v1']);
      expect(reader.problem).toBeInstanceOf(Error);
      clock.advance(40);
    }
    expect(log.lines.length).toBe(1);
    await store.write(key, indexWith('v1', 'v2'));
    clock.advance(60);
    expect(await tags()).toEqual(['v1', 'v2']);
    expect(reader.problem).toBeUndefined();
  });

  it('is not parsed again and again while it stays as it is', async () => {
    const { store, tags, clock, count } = readerOver();
    await store.write(key, indexWith('v1'));
    await tags();
    await store.write(key, broken);
    await tags();
    const reads = count('read');
    for (let at = 0; at < 5; at += 1) {
      clock.advance(60);
      expect(await tags()).toEqual(['v1']);
    }
    expect(count('read')).toBe(reads);
  });

  it('is waited for when there is no earlier state, then UNAVAILABLE, at once for those who ask later', async () => {
    const { store, reader, clock, count } = readerOver();
    await store.write(key, broken);
    const first = codeOf(reader.current());
    clock.advance(2_000);
    expect(await first).toBe('UNAVAILABLE');
    const reads = count('read');
    expect(await codeOf(reader.current())).toBe('UNAVAILABLE');
    expect(count('read')).toBe(reads);
    await store.write(key, indexWith('v1'));
    expect((await reader.current())?.tags()).toEqual(['v1']);
  });

  it('is served as soon as an in-place writer is done', async () => {
    const { store, tags, rightAfter } = readerOver();
    await store.write(key, broken);
    rightAfter('read', () => store.write(key, indexWith('v1')));
    expect(await tags()).toEqual(['v1']);
  });

  it.each(['unsafe', 'too-large'] as const)('because it is %s leaves the last good state', async (failure) => {
    const { store, tags, rightBefore, reader } = readerOver();
    await store.write(key, indexWith('v1'));
    await tags();
    await store.write(key, indexWith('v2'));
    rightBefore('read', () => {
      throw new StorageError(failure, 'injected');
    });
    expect(await tags()).toEqual(['v1']);
    expect(reader.problem).toMatchObject({ failure });
  });

  it('for a reason that may pass is that failure for those who ask, and nothing for the next', async () => {
    const { store, tags, rightBefore } = readerOver();
    await store.write(key, indexWith('v1'));
    rightBefore('read', () => {
      throw new StorageError('unavailable', 'injected');
    });
    await expect(tags()).rejects.toMatchObject({ failure: 'unavailable' });
    expect(await tags()).toEqual(['v1']);
  });

  it('is never handed to a writer', async () => {
    const { store, reader, tags } = readerOver();
    await store.write(key, indexWith('v1'));
    await tags();
    await store.write(key, broken);
    const info = await store.stat(key);
    await expect(reader.at(info && { info, read: () => readNow(store) })).rejects.toThrow('not a complete image index');
  });
});

describe('a version that may hide a second edit of the same size', () => {
  it('is read again once its time stamp has settled', async () => {
    const inner = new MemoryStore();
    const { tags, clock } = readerOver(unsettled(inner));
    await inner.write(key, indexWith('v1'));
    expect(await tags()).toEqual(['v1']);
    await inner.write(key, indexWith('v2'));
    expect(await tags()).toEqual(['v1']);
    clock.advance(120);
    expect(await tags()).toEqual(['v2']);
  });

  it('is read again as soon when the clock was set back meanwhile', async () => {
    const inner = new MemoryStore();
    const { tags, clock } = readerOver(unsettled(inner));
    await inner.write(key, indexWith('v1'));
    expect(await tags()).toEqual(['v1']);
    await inner.write(key, indexWith('v2'));
    clock.step(-60_000);
    clock.advance(120);
    expect(await tags()).toEqual(['v2']);
  });
});

/** A store whose clock stands still: every version looks like the first. */
function unsettled(inner: ObjectStore): ObjectStore {
  const { store } = interleaving(inner);
  const frozen = <T extends StoredObject['info'] | undefined>(info: T): T =>
    info && ({ ...info, version: 'frozen', label: 'frozen', settled: false } as unknown as T);
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'isCurrent') return async () => true;
      if (name === 'stat') return async (at: Key) => frozen(await inner.stat(at));
      if (name !== 'read') return Reflect.get(target, name, target);
      return async (at: Key, limit: number) => {
        const object = await inner.read(at, limit);
        return object && { ...object, info: frozen(object.info) };
      };
    },
  });
}

async function readNow(store: ObjectStore): Promise<StoredObject> {
  const object = await store.read(key, Number.POSITIVE_INFINITY);
  if (object === undefined) throw new Error('absent');
  return object;
}

/** Another process on the same store. */
class IndexReaderOf {
  readonly #reader: IndexReader;

  constructor(store: ObjectStore) {
    this.#reader = new IndexReader({
      store,
      key,
      version: anyVersion,
      clock: new TestClock(),
      log: new RecordedLog(),
      onForeign: () => {},
    });
  }

  async tags() {
    return (await this.#reader.current())?.tags();
  }
}

describe('a file that is no index', () => {
  it('is waited for while it may be half written, and never where nobody touched it for long', async () => {
    const under = readerOver();
    await under.store.write(key, Buffer.from('{"schemaVersion": 2,'));
    under.clock.advance(11_000);
    expect(await codeOf(under.reader.current())).toBe('UNAVAILABLE');
    expect(under.count('read')).toBe(1);
    const young = readerOver();
    await young.store.write(key, Buffer.from('{"schemaVersion": 2,'));
    young.rightAfter('read', () => young.store.write(key, indexWith('v1')));
    expect(await young.tags()).toEqual(['v1']);
  });
});
