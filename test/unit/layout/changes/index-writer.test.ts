// Writing index.json: many edits at once, each on its own; a file that is broken, foreign or in the way is never replaced.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { IndexWriter } from '../../../../src/layout/changes/index-writer.ts';
import { parseReference } from '../../../../src/oci/reference.ts';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { StorageError } from '../../../../src/storage/storage-error.ts';
import { imageManifest } from '../../../support/content.ts';
import { putLayout } from '../../../support/fixture-layouts.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { codeOf, digestAt, pull, pushImage, pushManifest, refusalOf, tagsOf } from '../../../support/pushes.ts';
import {
  type DirectoryOptions,
  directoryRegistry,
  memoryRegistry,
  onEveryDriver,
  registryOver,
} from '../../../support/registry-under-test.ts';

const image = imageManifest();
const imageNumber = (n: number) => imageManifest({ annotations: { n: `${n}` } });
const index = 'a/index.json' as Key;

/** In the order in which pushes reach the index: what each does before that takes its time. */
function submittedDigests(): readonly string[] {
  const digests: string[] = [];
  const { submit } = IndexWriter.prototype;
  const spy = vi.spyOn(IndexWriter.prototype, 'submit').mockImplementation(function (this: IndexWriter, edit) {
    if (edit.kind === 'put') digests.push(edit.facts.descriptor.digest);
    return submit.call(this, edit);
  });
  onTestFinished(() => spy.mockRestore());
  return digests;
}

describe.each(onEveryDriver)('edits that arrive together %s', (_, open) => {
  it('share a few replacements, and each is there when it is acknowledged', async () => {
    const { store: inner } = await open();
    const hooked = interleaving(inner);
    const { repository } = registryOver(hooked.store);
    await pushImage(repository('a'), image, 'v0');
    const before = hooked.count('update');
    const written = hooked.count('write');
    // A replacement that takes its time, as on a disk: meanwhile all others have come.
    hooked.rightBefore('update', async () => {
      while (hooked.count('write') < written + 100) await nextTurn();
    });
    const pushed = Array.from({ length: 100 }, async (_each, at) => {
      const pushedImage = imageNumber(at);
      await pushManifest(repository('a'), `t${at}`, pushedImage);
      expect(await digestAt(repository('a'), `t${at}`)).toBe(pushedImage.digest);
    });
    await Promise.all(pushed);
    expect((await tagsOf(repository('a'))).length).toBe(101);
    expect(hooked.count('update') - before).toBeLessThan(50);
  });

  it('fail alone', async () => {
    const { repository } = await open();
    await pushImage(repository('a'), image, 'v1');
    const outcomes = await Promise.allSettled([
      repository('a').manifests.delete(parseReference('absent')),
      pushManifest(repository('a'), 'v2', imageNumber(2)),
      repository('a').manifests.delete(parseReference('v1')),
      repository('a').manifests.delete(parseReference('v1')),
      pushManifest(repository('a'), 'v3', imageNumber(3)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await tagsOf(repository('a'))).toEqual(['v2', 'v3']);
  });

  it('in another order than they came do not happen: the last push of a tag has it', async () => {
    const { repository } = await open();
    await pushImage(repository('a'), image, 'v1');
    for (let at = 0; at < 10; at += 1) await pushManifest(repository('a'), `n${at}`, imageNumber(at));
    const submitted = submittedDigests();
    const pushes = Array.from({ length: 10 }, (_each, at) =>
      repository('a').manifests.put({
        reference: parseReference('v1'),
        tags: [],
        contentType: undefined,
        bytes: imageNumber(at).bytes,
      }),
    );
    await Promise.all(pushes);
    expect(submitted).toHaveLength(10);
    expect(await digestAt(repository('a'), 'v1')).toBe(submitted.at(-1));
  });
});

describe('a delete whose replacement came too late', () => {
  it('is acknowledged when another server carried out what it had announced', async () => {
    const { store: inner } = await memoryRegistry();
    const hooked = interleaving(inner);
    const { repository } = registryOver(hooked.store);
    await pushImage(repository('a'), image, 'v1');
    await pushManifest(repository('a'), 'v2', imageNumber(2));
    await tagsOf(repository('a'));
    const before = await inner.read(index, 1_000_000);
    const lines = Buffer.from(before?.bytes ?? [])
      .toString()
      .split('\n');
    const without = lines.filter((line) => !line.includes('"v1"')).join('\n');
    // Asked for once the edit is applied, before anything is published: the file is another one by the time that we would publish.
    hooked.rightAfter('stat', () => inner.write(index, Buffer.from(without)), 'a/oci-layout' as Key);
    await repository('a').manifests.delete(parseReference('v1'));
    expect(await tagsOf(repository('a'))).toEqual(['v2']);
    await expect(repository('a').manifests.delete(parseReference('v1'))).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });
});

describe('an index.json that is larger than this process has memory for', () => {
  it('is neither read nor replaced by a push', async () => {
    const { repository, root } = await directoryRegistry();
    const path = `${root}/${index}`;
    await pushImage(repository('a'), image, 'v1');
    truncateSync(path, 1_500_000_000);
    await expect(pushManifest(repository('a'), 'v2', imageNumber(2))).rejects.toMatchObject({ failure: 'too-large' });
    expect(lstatSync(path).size).toBe(1_500_000_000);
  });
});

describe('a replacement that cannot be made', () => {
  it('refuses all edits of its batch, and none of the next', async () => {
    const hooked = interleaving((await memoryRegistry()).store);
    const { repository } = registryOver(hooked.store);
    await pushImage(repository('a'), image, 'v1');
    await tagsOf(repository('a'));
    hooked.rightBefore('update', () => {
      throw new StorageError('no-space', 'injected');
    });
    const pushes = [2, 3].map((at) => pushManifest(repository('a'), `v${at}`, imageNumber(at)));
    for (const push of pushes) await expect(push).rejects.toMatchObject({ failure: 'no-space' });
    expect(await tagsOf(repository('a'))).toEqual(['v1']);
    await pushManifest(repository('a'), 'v4', imageNumber(4));
    expect(await tagsOf(repository('a'))).toEqual(['v1', 'v4']);
  });

  it('refuses no delete for want of the space that a push beside it needs', async () => {
    const hooked = interleaving((await memoryRegistry()).store);
    const { repository } = registryOver(hooked.store);
    for (const tag of ['v1', 'v2']) await pushImage(repository('a'), image, tag);
    const full = () => {
      throw new StorageError('no-space', 'injected');
    };
    let edits: Promise<unknown>[] = [];
    // While the first push fails, the next one and a delete arrive, and share a replacement that fails, too.
    hooked.rightBefore('update', async () => {
      edits = [pushManifest(repository('a'), 'v4', image), repository('a').manifests.delete(parseReference('v1'))];
      await sleep(50);
      hooked.rightBefore('update', full);
      full();
    });
    await expect(pushManifest(repository('a'), 'v3', image)).rejects.toMatchObject({ failure: 'no-space' });
    const [pushed, deleted] = await Promise.allSettled(edits);
    expect(pushed).toMatchObject({ status: 'rejected', reason: { failure: 'no-space' } });
    expect(deleted?.status).toBe('fulfilled');
    expect(await tagsOf(repository('a'))).toEqual(['v2']);
  });
});

describe('an index.json that cannot be read', () => {
  const broken = '{"schemaVersion":2,"manifests":[{"mediaType":"applic';

  /** A repository `a` with one image, and what it takes to look at its file. */
  async function pushed(options: DirectoryOptions = {}) {
    const under = await directoryRegistry(options);
    await pushImage(under.repository('a'), image, 'v1');
    const path = `${under.root}/a/index.json`;
    return { ...under, path };
  }

  /** Reads go on from the last good state; a fresh server has none. Writes are refused; nothing is touched. */
  async function expectUnavailable(under: Awaited<ReturnType<typeof pushed>>, isUntouched: () => void) {
    const { repository, another } = under;
    expect((await pull(repository('a'), 'v1')).bytes).toEqual(image.bytes);
    const fresh = await another();
    const requests = [
      pull(fresh.repository('a'), 'v1'),
      tagsOf(fresh.repository('a')),
      pushManifest(fresh.repository('a'), 'v2', image),
      pushManifest(repository('a'), 'v2', image),
      repository('a').manifests.delete(parseReference('v1')),
      repository('a').manifests.delete({ kind: 'digest', digest: image.digest }),
    ];
    for (const outcome of await Promise.allSettled(requests)) {
      expect(outcome.status).toBe('rejected');
      const { reason } = outcome as PromiseRejectedResult;
      if (reason instanceof StorageError) expect(reason.failure).toBeOneOf(['unsafe', 'unavailable']);
      else expect(reason).toMatchObject({ code: 'UNAVAILABLE', status: 503 });
    }
    isUntouched();
    await fresh.registry.close();
    await under.registry.close();
    isUntouched();
  }

  it.each([broken, '', 'null', '\0\0\0', '[]'])('because it holds %j is left as it is', async (text) => {
    const under = await pushed();
    writeFileSync(under.path, text);
    await expectUnavailable(under, () => expect(readFileSync(under.path, 'utf8')).toBe(text));
  });

  it('because it is a symbolic link is not followed', async () => {
    const under = await pushed();
    const outside = `${under.root}/outside.json`;
    renameSync(under.path, outside);
    const text = readFileSync(outside, 'utf8');
    symlinkSync(outside, under.path);
    await expectUnavailable(under, () => {
      expect(lstatSync(under.path).isSymbolicLink()).toBe(true);
      expect(readFileSync(outside, 'utf8')).toBe(text);
    });
  });

  it('because it is a directory stays one', async () => {
    const under = await pushed();
    rmSync(under.path);
    mkdirSync(under.path);
    await expectUnavailable(under, () => expect(lstatSync(under.path).isDirectory()).toBe(true));
  });

  it('because we may not is left as it is (injected: tests run as root)', async () => {
    let refuse = false;
    const openSync: typeof systemCalls.openSync = (path, flags, mode) => {
      if (refuse && path.endsWith('a/index.json')) {
        throw Object.assign(new Error('EACCES: injected'), { code: 'EACCES', syscall: 'open' });
      }
      return systemCalls.openSync(path, flags, mode);
    };
    const under = await pushed({ calls: { openSync } });
    const text = readFileSync(under.path, 'utf8');
    const fresh = await under.another({ calls: { openSync } });
    chmodSync(under.path, 0o600);
    refuse = true;
    await expect(pull(fresh.repository('a'), 'v1')).rejects.toMatchObject({ failure: 'unavailable' });
    await expect(pushManifest(fresh.repository('a'), 'v2', image)).rejects.toMatchObject({ failure: 'unavailable' });
    expect(readFileSync(under.path, 'utf8')).toBe(text);
    refuse = false;
    expect(await digestAt(fresh.repository('a'), 'v1')).toBe(image.digest);
  });

  it('is written again as soon as it can be, and a push that waited for it is done', async () => {
    const under = await pushed();
    const good = readFileSync(under.path);
    writeFileSync(under.path, broken);
    const push = pushManifest(under.repository('a'), 'v2', imageNumber(2));
    writeFileSync(under.path, good);
    await push;
    expect(await tagsOf(under.repository('a'))).toEqual(['v1', 'v2']);
  });
});

describe.each(onEveryDriver)('a repository without an index.json %s', (_, open) => {
  it('where blobs exist is unknown until the next push makes one', async () => {
    const { repository, store } = await open();
    await pushImage(repository('a'), image, 'v1');
    await store.delete(index);
    expect(await codeOf(pull(repository('a'), 'v1'))).toBe('MANIFEST_UNKNOWN');
    expect(await codeOf(tagsOf(repository('a')))).toBe('NAME_UNKNOWN');
    await pushManifest(repository('a'), 'v2', imageNumber(2));
    expect(await digestAt(repository('a'), 'v2')).toBe(imageNumber(2).digest);
  });
});

describe.each(onEveryDriver)('the oci-layout file %s', (_, open) => {
  const layoutFile = 'a/oci-layout' as Key;
  const textOf = (object: { bytes: Uint8Array } | undefined) => object && Buffer.from(object.bytes).toString();

  it('is made with the first manifest, and made again when it is gone', async () => {
    const { repository, store } = await open();
    await pushImage(repository('a'), image, 'v1');
    expect(textOf(await store.read(layoutFile, 100))).toBe('{"imageLayoutVersion":"1.0.0"}');
    await store.delete(layoutFile);
    await pushManifest(repository('a'), 'v2', imageNumber(2));
    expect(textOf(await store.read(layoutFile, 100))).toBe('{"imageLayoutVersion":"1.0.0"}');
  });

  it('of another tool is left as it is', async () => {
    const { repository, store } = await open();
    await putLayout(store, 'a', 'recorded/oras/tagged');
    const text = '{ "imageLayoutVersion": "1.0.0", "x": 1 }\n';
    await store.write(layoutFile, Buffer.from(text));
    await pushManifest(repository('a'), 'v2', imageNumber(2));
    expect(textOf(await store.read(layoutFile, 100))).toBe(text);
  });

  it.each(['{"imageLayoutVersion":"2.0.0"}', '{}', 'null', '', '5', '{"imageLayoutVersion":1}'])(
    'that says %j refuses pushes with 503, and nothing is changed',
    async (text) => {
      const { repository, store } = await open();
      await putLayout(store, 'a', 'recorded/oras/tagged');
      await store.write(layoutFile, Buffer.from(text));
      const before = textOf(await store.read(index, 1e6));
      const refusal = await refusalOf(pushManifest(repository('a'), 'v2', imageNumber(2)));
      expect(refusal).toMatchObject({ code: 'UNAVAILABLE', status: 503 });
      expect(textOf(await store.read(layoutFile, 100))).toBe(text);
      expect(textOf(await store.read(index, 1e6))).toBe(before);
      expect(await tagsOf(repository('a'))).toEqual(['v1']);
    },
  );
});

describe('another program that writes while we serve', () => {
  const entry = (tag: string) => ({ ...image.descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } });
  const text = (...tags: string[]) => JSON.stringify({ schemaVersion: 2, manifests: tags.map(entry), 'x-vendor': 1 });

  it('in place or by rename is seen by the next request, and by our next write', async () => {
    const { repository, root } = await directoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    const path = `${root}/a/index.json`;
    writeFileSync(path, text('v1', 'theirs'));
    expect(await tagsOf(repository('a'))).toEqual(['theirs', 'v1']);
    writeFileSync(`${path}.tmp`, text('v1', 'theirs', 'more'));
    renameSync(`${path}.tmp`, path);
    expect(await tagsOf(repository('a'))).toEqual(['more', 'theirs', 'v1']);
    await pushManifest(repository('a'), 'ours', image);
    expect(await tagsOf(repository('a'))).toEqual(['more', 'ours', 'theirs', 'v1']);
    expect(JSON.parse(readFileSync(path, 'utf8'))['x-vendor']).toBe(1);
  });

  it('and holds a lock of its own is waited for, but not for ever', async () => {
    const { store, clock } = await memoryRegistry();
    const hooked = interleaving(store);
    const { repository } = registryOver(hooked.store, clock);
    await store.write('a/index.json.lock' as Key, Buffer.from(''));
    let updated = false;
    hooked.rightBefore('update', () => {
      updated = true;
    });
    const push = pushManifest(repository('a'), 'v1', image);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(updated).toBe(false);
    await store.delete('a/index.json.lock' as Key);
    await push;
    await store.write('a/.lock' as Key, Buffer.from(''));
    clock.advance(3_000);
    await pushManifest(repository('a'), 'v2', image);
    expect(await tagsOf(repository('a'))).toEqual(['v1', 'v2']);
  });
});
