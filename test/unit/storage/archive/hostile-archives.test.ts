// Archives that were made to do harm, and damaged ones: what is refused, what is left out and said, and that memory and time stay bounded.
import { describe, expect, test } from 'vitest';
import { openArchiveFile } from '../../../../src/storage/archive/archive-file.ts';
import { type ArchiveStore, openArchiveStore } from '../../../../src/storage/archive/archive-store.ts';
import { scanLimits, scanTar } from '../../../../src/storage/archive/tar-scan.ts';
import { key, newArchives, refusalOf, textAt } from './archives.ts';
import { base256, gnuMagic, longName, pax, type TarMember, tarHeader, tarMember, tarOf } from './tar-writer.ts';

/** One entry of GNU's old map. */
const oldMapOf = (at: number, length: number, size: number) => (header: Buffer) => {
  header.write(`${at.toString(8).padStart(11, '0')}\0${length.toString(8).padStart(11, '0')}\0`, 386);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 483);
};

const index: TarMember = { path: 'index.json', content: '{}' };

/** Members that are not served, as far as they are listed. */
function refusedIn({ problems }: ArchiveStore) {
  return problems.flatMap((problem) => (problem.kind === 'members-refused' ? problem.first : []));
}

describe('members that are left out', () => {
  test.each<[string, readonly TarMember[]]>([
    ['absolute', [{ path: '/etc/passwd', content: 'x' }]],
    ['..', [{ path: 'blobs/../../x', content: 'x' }]],
    ['..', [{ path: '..', content: 'x' }]],
    ['absolute', [pax({ path: '/x' }), { path: 'x', content: 'x' }]],
    ['..', [longName('L', '../x'), { path: 'x', content: 'x' }]],
    ['NUL', [pax({ path: 'a\0b' }), { path: 'x', content: 'x' }]],
    ['too long', [longName('L', 'n'.repeat(5_000)), { path: 'x', content: 'x' }]],
    ['no name', [{ path: '', content: 'x' }]],
    ['a character device', [{ path: 'x', type: '3' }]],
    ['a block device', [{ path: 'x', type: '4' }]],
    ['a FIFO', [{ path: 'x', type: '6' }]],
    ['unknown type', [{ path: 'x', type: 'Z', content: 'x' }]],
    ['a number that is none', [pax({ 'GNU.sparse.size': '-1', 'GNU.sparse.map': '' }), { path: 'x', content: 'x' }]],
    [
      'a number that is none',
      [pax({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,1,2' }), { path: 'x', content: 'x' }],
    ],
    ['out of order', [pax({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '4,1,4,1' }), { path: 'x', content: 'xx' }]],
    ['out of order', [pax({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '8,2' }), { path: 'x', content: 'xx' }]],
    [
      'longer than the member',
      [pax({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,3' }), { path: 'x', content: 'xx' }],
    ],
    ['no end', [pax({ 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '9' }), { path: 'x', content: '1\n0\n' }]],
    [
      'no end',
      [pax({ 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '9' }), { path: 'x', content: '999999999\n0\n' }],
    ],
    [
      'larger than',
      [pax({ 'GNU.sparse.size': String(2 ** 50), 'GNU.sparse.map': '0,1' }), { path: 'x', content: 'x' }],
    ],
    ['longer than the member', [{ path: 'x', type: 'S', content: 'x', magic: gnuMagic, patch: oldMapOf(0, 2, 2) }]],
    ['not before it', [{ path: 'x', type: '1', linkPath: '/etc/passwd' }]],
    ['not before it', [{ path: 'x', type: '1', linkPath: '../x' }]],
    ['not before it', [{ path: 'x', type: '1', linkPath: 'x' }]],
    ['too long', [longName('K', 'n'.repeat(5_000)), { path: 'x', type: '2' }]],
    ['not a directory', [{ path: 'index.json/x', content: 'x' }]],
  ])('because it is %s', async (reason, members) => {
    const archives = await newArchives();
    const store = await archives.open(tarOf(...members, index, { path: 'after', content: 'after' }));
    expect(refusedIn(store).map((each) => each.reason)).toEqual([expect.stringContaining(reason)]);
    expect(archives.warnings).toEqual(['members of an archive are not served']);
    expect(await store.list(key(''))).toEqual([
      { name: 'after', kind: 'object' },
      { name: 'index.json', kind: 'object' },
    ]);
    expect(await textAt(store, 'after')).toBe('after');
  });

  test('the map of a sparse member may go on for blocks, empty ones too: what follows is found', async () => {
    const archives = await newArchives();
    const goesOn = (header: Buffer): void => void header.writeUInt8(1, 482);
    const more = Buffer.alloc(512);
    more[504] = 1;
    const header = tarHeader({ path: 'x', type: 'S', size: 3, magic: gnuMagic, patch: goesOn });
    const content = Buffer.alloc(512, 'x');
    const bytes = Buffer.concat([header, more, Buffer.alloc(512), content, tarOf({ path: 'after', content: 'after' })]);
    expect(await textAt(await archives.open(bytes), 'after')).toBe('after');
  });

  test('a map of more blocks than pieces are served is passed over, and what follows it is found', async () => {
    const archives = await newArchives();
    const count = Math.ceil(scanLimits.maxPieces / 21) + 1;
    const blocks = Buffer.alloc(count * 512);
    for (let at = 0; at < count - 1; at += 1) blocks[at * 512 + 504] = 1;
    const patch = (header: Buffer): void => void header.writeUInt8(1, 482);
    const header = tarHeader({ path: 'x', type: 'S', size: 3, magic: gnuMagic, patch });
    const content = Buffer.alloc(512, 'x');
    const bytes = Buffer.concat([header, blocks, content, tarOf({ path: 'after', content: 'after' })]);
    const store = await archives.open(bytes);
    expect(refusedIn(store).map(({ reason }) => reason)).toEqual([`the map of a sparse member has ${count} blocks`]);
    expect(await textAt(store, 'after')).toBe('after');
  });

  test('are listed up to a hundred, shortened, and all counted', async () => {
    const archives = await newArchives();
    const members = Array.from({ length: 150 }, (_, i) => ({ path: `/${i}/${'n'.repeat(80)}`, content: '' }));
    const store = await archives.open(tarOf(longName('L', `/${'n'.repeat(3_000)}`), { path: 'x' }, ...members, index));
    expect(refusedIn(store)).toHaveLength(100);
    expect(refusedIn(store)[0]?.name).toHaveLength(201);
    expect(archives.lines[0]?.details).toMatchObject({ count: 151 });
  });
});

describe('symbolic links', () => {
  const file: TarMember = { path: 'd/file', content: 'text' };

  test('are never followed by a key, and read as unsafe', async () => {
    const archives = await newArchives();
    const store = await archives.open(tarOf(file, { path: 'link', type: '2', linkPath: 'd/file' }));
    expect(await store.stat(key('link'))).toBeUndefined();
    expect(await store.open(key('link'))).toBeUndefined();
    expect((await refusalOf(store.read(key('link'), 10))).failure).toBe('unsafe');
    expect(await store.list(key(''))).toEqual([{ name: 'd', kind: 'prefix' }]);
  });

  test.each([
    ['d/file', 'd/file'],
    ['./d//file', 'd/file'],
    ['d/../d/file', undefined],
    ['directory/file', 'd/file'],
    ['directory/link', 'd/file'],
    ['deep/er/link', 'd/file'],
    ['absent', undefined],
    ['out', undefined],
    ['absolute', 'd/file'],
    ['loop', undefined],
    ['self', undefined],
    ['grows', undefined],
    ['grows/x', undefined],
    ['d', undefined],
    ['../d/file', undefined],
    ['/d/file', undefined],
    ['astray', 'd/file'],
    ['deep/astray', 'd/file'],
    ['', undefined],
  ])('are resolved inside the archive when that is asked for: %s', async (path, expected) => {
    const archives = await newArchives();
    const links = {
      'd/link': 'file',
      directory: 'd',
      'deep/er/link': '../../directory/../d/link',
      out: '../../x/d/file',
      absolute: '/d/file',
      astray: '../d/file',
      'deep/astray': 'd/link',
      loop: 'loop2',
      loop2: './loop',
      self: 'self/self',
      grows: 'grows/grows/grows',
    };
    const members = Object.entries(links).map(([from, linkPath]) => ({ path: from, type: '2', linkPath }));
    const store = await archives.open(tarOf(file, ...members));
    expect(store.resolve(path)).toBe(expected);
  });

  test('do not leave the directory that is served', async () => {
    const archives = await newArchives();
    const link = { path: 'in/link', type: '2', linkPath: '../d/file' };
    const path = await archives.write(
      tarOf(file, link, { path: 'in/back', type: '2', linkPath: '../in/x' }, { path: 'in/x' }),
    );
    const store = await openArchiveStore(path, { ...archives.options, base: 'in' });
    expect(store.resolve('link')).toBeUndefined();
    expect(store.resolve('back')).toBe('x');
    await store.close();
  });
});

describe('damage', () => {
  const blob: TarMember = { path: 'blob', content: Buffer.alloc(2_000, 'b') };
  const damages: Readonly<Record<string, readonly [Buffer, string]>> = {
    'a member is cut off': [Buffer.concat([tarMember(blob).subarray(0, 1_500)]), 'cut off'],
    'a header is cut off': [tarMember(blob).subarray(0, 300), 'cut off'],
    'a header is overwritten': [Buffer.alloc(1_024, 'x'), 'checksum'],
    'an empty block stands among the headers': [Buffer.concat([Buffer.alloc(512), tarMember(blob)]), 'empty block'],
    'a size is negative': [tarMember({ path: 'x', size: Buffer.alloc(12, 0xff) }), 'negative'],
    'a size is of exabytes': [tarMember({ path: 'x', size: base256(2n ** 62n) }), 'too large'],
    'a size is of terabytes': [tarMember({ path: 'x', size: base256(2n ** 42n) }), 'cut off'],
    'a size of PAX is too large': [Buffer.concat([pax({ size: '9'.repeat(20) }), { path: 'x' }].map(tarMember)), 'PAX'],
    'a PAX header is a bomb': [tarMember({ path: 'x', type: 'x', size: 1_048_577 }), 'extension'],
    'a PAX header is cut off': [tarMember({ path: 'x', type: 'x', size: 4_096 }), 'cut off'],
    'a long name is a bomb': [tarMember({ path: 'x', type: 'L', size: base256(2n ** 40n) }), 'extension'],
    'a PAX header is malformed': [tarMember({ path: 'x', type: 'x', content: 'nonsense' }), 'malformed'],
  };

  test.each(Object.entries(damages))(
    '%s: what is before it is served when the index is',
    async (_, [bytes, reason]) => {
      const archives = await newArchives();
      const refusal = await archives.refusal(Buffer.concat([tarMember({ path: 'a', content: 'a' }), bytes]), 'a.tar');
      expect(refusal.failure).toBe('unavailable');
      expect(refusal.message).toMatch(new RegExp(`damaged at byte (?:1024|2048):.*${reason}`));
      const store = await archives.open(
        Buffer.concat([tarMember(index), tarMember({ path: 'a', content: 'a' }), bytes]),
        'b.tar',
      );
      expect(await textAt(store, 'a')).toBe('a');
      expect(await store.stat(key('blob'))).toBeUndefined();
      expect(archives.warnings).toEqual(['an archive is damaged: only what is before the damage is served']);
    },
  );

  test('an archive without an end may be cut off: it is served, and said', async () => {
    const archives = await newArchives();
    const store = await archives.open(tarMember(index));
    expect(await textAt(store, 'index.json')).toBe('{}');
    expect(archives.warnings).toEqual(['an archive has no end mark: it may have been cut off']);
    // Some writers leave out what fills the last block.
    const unfilled = await archives.open(tarMember(index).subarray(0, 514), 'y.tar');
    expect(await textAt(unfilled, 'index.json')).toBe('{}');
  });

  test('one empty block at the end of the file is an end, and what follows two is not looked at', async () => {
    const archives = await newArchives();
    await archives.open(Buffer.concat([tarMember(index), Buffer.alloc(512)]), 'a.tar');
    const store = await archives.open(Buffer.concat([tarOf(index), tarOf({ path: 'after' })]), 'b.tar');
    expect(await store.stat(key('after'))).toBeUndefined();
    expect(archives.lines).toEqual([]);
  });
});

describe('limits', () => {
  test('100,000 members are found, and listed', async () => {
    const archives = await newArchives();
    const members = Array.from({ length: 100_000 }, (_, i) => tarHeader({ path: `blobs/sha256/${i}` }));
    const store = await archives.open(Buffer.concat([...members, tarOf(index)]));
    expect(await store.list(key('blobs/sha256'))).toHaveLength(100_000);
    expect(await store.list(key(''))).toHaveLength(2);
    expect(await store.stat(key('blobs/sha256/99999'))).toBeDefined();
  });

  test.each([
    ['members', { maxMembers: 2 }],
    ['names', { maxNameLength: 5 }],
    ['header extensions', { maxExtensionBytesTogether: 1_500 }],
  ])('too many %s are refused', async (what, limit) => {
    const archives = await newArchives();
    const extended = [1, 2, 3].flatMap((i) => [pax({ path: `p${i}` }), { path: String(i) }]);
    const file = openArchiveFile(await archives.write(tarOf(...extended)));
    const refusal = await refusalOf(scanTar(file, { ...scanLimits, ...limit }));
    expect(refusal.failure).toBe('too-large');
    expect(refusal.message).toContain(what);
    expect((await scanTar(file)).contents.members.size).toBe(3);
    file.close();
  });
});
