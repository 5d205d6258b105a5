import { readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { parseReference, parseRepositoryName, parseTag } from '../../../../src/oci/reference.ts';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { imageManifest } from '../../../support/content.ts';
import { movesOf } from '../../../support/moves.ts';
import { digestAt, pushManifest } from '../../../support/pushes.ts';
import { directoryRegistry, onEveryDriver } from '../../../support/registry-under-test.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => imageManifest({ annotations: { name } })) as [
  ReturnType<typeof imageManifest>,
  ReturnType<typeof imageManifest>,
  ReturnType<typeof imageManifest>,
];
const named = { a, b, c };
const key = layoutKeys(parseRepositoryName('team/app')).history;

describe.each(onEveryDriver)('the moves of tags, %s', (_, open) => {
  it('are kept in order, with who moved them and what was before', async () => {
    const { repository } = await open();
    await pushManifest(repository(), 'v1', a);
    await pushManifest(repository(), 'v1', b);
    await pushManifest(repository(), 'v2', b);
    await repository().manifests.delete(parseReference('v1'));
    await repository().manifests.delete(parseReference(b.digest));
    const moves = [
      'v1 push none -> a',
      'v1 push a -> b',
      'v2 push none -> b',
      'v1 delete b -> none',
      'v2 delete b -> none',
    ];
    expect(await movesOf(repository(), named)).toEqual(moves);
    expect(await movesOf(repository(), named, 'v2')).toEqual(['v2 push none -> b', 'v2 delete b -> none']);
  });

  it('hold each of several pushes that one replacement of index.json carries', async () => {
    const { repository } = await open();
    await pushManifest(repository(), 'v1', a);
    const contents = Array.from({ length: 4 }, (_, at) => imageManifest({ annotations: { name: `other ${at}` } }));
    await Promise.all(contents.map((content) => pushManifest(repository(), 'v1', content)));
    const moves = await movesOf(repository(), named, 'v1');
    expect(moves).toHaveLength(1 + contents.length);
    expect(moves.at(-1)).toContain(`-> ${await digestAt(repository(), 'v1')}`);
    const { moves: all } = await repository().history.of(parseTag('v1'));
    expect(all.map(({ atMs }) => atMs)).toEqual([...new Set(all.map(({ atMs }) => atMs))].sort((x, y) => x - y));
    for (const [at, { from }] of all.entries()) expect(from?.digest).toBe(all[at - 1]?.to?.digest);
  });

  it('are none where the tag means what it meant, and none of what is refused', async () => {
    const { repository } = await open();
    await pushManifest(repository(), 'v1', a);
    await pushManifest(repository(), 'v1', a);
    await pushManifest(repository(), a.digest, a);
    await expect(repository().manifests.delete(parseReference('v2'))).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    expect(await movesOf(repository(), named)).toEqual(['v1 push none -> a']);
  });

  it('are the same for another server, which goes on with them', async () => {
    const one = await open();
    await pushManifest(one.repository(), 'v1', a);
    const other = await one.another();
    await pushManifest(other.repository(), 'v1', b);
    await pushManifest(one.repository(), 'v1', c);
    await pushManifest(other.repository(), 'v2', c);
    const expected = ['v1 push none -> a', 'v1 push a -> b', 'v1 push b -> c', 'v2 push none -> c'];
    expect(await movesOf(one.repository(), named)).toEqual(expected);
    expect(await movesOf(other.repository(), named)).toEqual(expected);
  });

  it('begin with what is there where nothing was kept before', async () => {
    const { repository, store } = await open();
    await pushManifest(repository(), 'v1', a);
    await store.delete(key);
    expect(await movesOf(repository(), named)).toEqual([]);
    await pushManifest(repository(), 'v1', b);
    expect(await movesOf(repository(), named)).toEqual(['v1 push a -> b']);
    const { known } = await repository().history.of();
    expect(known.map(({ tag, is }) => [tag, is.digest])).toEqual([['v1', a.digest]]);
  });

  it('begin anew after what is no history', async () => {
    const { repository, store } = await open();
    await pushManifest(repository(), 'v1', a);
    await store.write(key, Buffer.from('what somebody left here\n{"tag":'));
    await pushManifest(repository(), 'v1', b);
    expect(await movesOf(repository(), named)).toEqual(['v1 push a -> b']);
  });

  it('leave out a time that is none, which a stranger wrote', async () => {
    const { repository, store } = await open();
    await pushManifest(repository(), 'v1', a);
    const target = { digest: b.digest, type: b.descriptor.mediaType, size: b.bytes.byteLength };
    for (const at of [1e300, -1e300, 8_640_000_000_000_001]) {
      const lines = [
        { tag: 'v1', how: 'push', at, to: target },
        { tag: 'v2', is: target, since: at },
        { removed: target, at },
        { seen: null, at },
      ];
      await store.append(key, Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
    }
    expect(await movesOf(repository(), named)).toEqual(['v1 push none -> a']);
    expect((await repository().history.of()).known).toEqual([]);
  });

  it('go on after a line that was cut short, and say what it would have said', async () => {
    const { repository, store } = await open();
    await pushManifest(repository(), 'v1', a);
    await pushManifest(repository(), 'v1', b);
    const bytes = (await store.read(key, 1_000_000))?.bytes ?? Buffer.alloc(0);
    const last = Buffer.from(bytes).lastIndexOf('"how"');
    await store.write(key, bytes.subarray(0, last));
    await pushManifest(repository(), 'v2', b);
    expect(await movesOf(repository(), named)).toEqual(['v1 push none -> a', 'v1 push a -> b', 'v2 push none -> b']);
  });
});

describe('a process that ends between the replacement and the note', () => {
  it('leaves what the next one works out, as a push', async () => {
    let noting = true;
    const calls = {
      writeSync: (descriptor: number, bytes: Uint8Array, offset: number) => {
        if (!noting && Buffer.from(bytes).includes('"seen"'))
          throw Object.assign(new Error('no'), { code: 'EIO', syscall: 'write' });
        return systemCalls.writeSync(descriptor, bytes, offset);
      },
    };
    const { repository, another, log } = await directoryRegistry({ calls });
    await pushManifest(repository(), 'v1', a);
    noting = false;
    await pushManifest(repository(), 'v1', b);
    await repository().manifests.delete(parseReference('v1'));
    await pushManifest(repository(), 'v2', c);
    expect(log.lines.map(({ message }) => message)).toContain('the history of a repository could not be written');
    const next = await another();
    // Whoever only looks is shown it without its being written.
    expect(await movesOf(next.repository(), named)).toEqual([
      'v1 push none -> a',
      'v2 push none -> c',
      'v1 delete a -> none',
    ]);
    await pushManifest(next.repository(), 'v3', c);
    expect(await movesOf(next.repository(), named)).toEqual([
      'v1 push none -> a',
      'v2 push none -> c',
      'v1 delete a -> none',
      'v3 push none -> c',
    ]);
  });
});

describe('another program', () => {
  async function served() {
    const registry = await directoryRegistry();
    const { repository, root } = registry;
    await pushManifest(repository(), 'v1', a);
    await pushManifest(repository(), 'v2', b);
    const path = `${root}/team/app/index.json`;
    const edit = async (change: (entries: { digest: string; annotations: Record<string, string> }[]) => void) => {
      const index = JSON.parse(await readFile(path, 'utf8'));
      change(index.manifests);
      await writeFile(path, JSON.stringify(index));
    };
    return { ...registry, path, edit };
  }

  it('that moves a tag is told from a push, at the next look', async () => {
    const { repository, edit, clock } = await served();
    clock.advance(60_000);
    await edit((entries) => {
      for (const entry of entries) {
        if (entry.annotations['org.opencontainers.image.ref.name'] === 'v1') entry.digest = b.digest;
      }
    });
    expect((await movesOf(repository(), named, 'v1')).at(-1)).toBe('v1 foreign a -> b');
    await pushManifest(repository(), 'v1', c);
    expect(await movesOf(repository(), named, 'v1')).toEqual([
      'v1 push none -> a',
      'v1 foreign a -> b',
      'v1 push b -> c',
    ]);
  });

  it('that wrote back an old copy moved nothing, once that was put right', async () => {
    const { repository, path, another } = await served();
    const old = await readFile(path);
    await pushManifest(repository(), 'v3', c);
    await pushManifest(repository(), 'v1', c);
    await writeFile(path, old);
    const next = await another();
    await pushManifest(next.repository(), 'v4', a);
    expect(await digestAt(next.repository(), 'v1')).toBe(c.digest);
    expect(await movesOf(next.repository(), named)).toEqual([
      'v1 push none -> a',
      'v2 push none -> b',
      'v3 push none -> c',
      'v1 push a -> c',
      'v4 push none -> a',
    ]);
  });

  it('that removed the repository leaves a history that goes on', async () => {
    const { repository, root } = await served();
    await rm(`${root}/team/app`, { recursive: true });
    expect(await movesOf(repository(), named, 'v1')).toEqual(['v1 push none -> a', 'v1 foreign a -> none']);
    await pushManifest(repository(), 'v1', c);
    expect(await movesOf(repository(), named, 'v1')).toEqual([
      'v1 push none -> a',
      'v1 foreign a -> none',
      'v1 push none -> c',
    ]);
  });
});

describe('what is kept', () => {
  it('is read without being written where nothing is served for writing', async () => {
    const { root, repository, registry } = await directoryRegistry();
    await pushManifest(repository(), 'v1', a);
    // Whoever writes would put it back.
    await registry.close();
    const index = `${root}/team/app/index.json`;
    const written = JSON.parse(await readFile(index, 'utf8'));
    written.manifests = [];
    await writeFile(index, JSON.stringify(written));
    const before = await readFile(`${root}/.moorage/history/team/app/.history`);
    const reading = await directoryRegistry({ root, readOnly: true });
    expect(await movesOf(reading.repository(), named)).toEqual(['v1 push none -> a', 'v1 foreign a -> none']);
    expect(await readFile(`${root}/.moorage/history/team/app/.history`)).toEqual(before);
  });

  it('costs one append and one look for each replacement', async () => {
    const { repository, store } = await directoryRegistry();
    await pushManifest(repository(), 'v1', a);
    await pushManifest(repository(), 'v1', b);
    await pushManifest(repository(), 'v1', c);
    const open = vi.spyOn(store, 'open');
    await pushManifest(repository(), 'v1', a);
    expect(open.mock.calls.filter(([each]) => each === key)).toEqual([]);
  });
});
