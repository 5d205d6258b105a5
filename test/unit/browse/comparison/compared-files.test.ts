// Files of two images by their layers: whiteouts, what hides what, layers that are not read, hostile names and sizes.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ComparedFiles, compareFiles } from '../../../../src/browse/comparison/compared-files.ts';
import type { ReadingLimits } from '../../../../src/browse/comparison/reading-budget.ts';
import type { DescriptorReference } from '../../../../src/oci/descriptor.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { RegistryError } from '../../../../src/oci/error-code.ts';
import type { RepositoryName } from '../../../../src/oci/reference.ts';
import type { ImageSource } from '../../../../src/transfer/image-source.ts';
import { gnuMagic, longName, pax, type TarMember, tarMember, tarOf } from '../../storage/archive/tar-writer.ts';
import { zstdFrame } from '../../storage/archive/zstd-writer.ts';

const name = 'team/app' as RepositoryName;
const none: TarMember[] = [];

const file = (path: string, content = path): TarMember => ({ path, content });
const directory = (path: string): TarMember => ({ path: `${path}/`, type: '5' });

interface Compared {
  readonly limits?: Partial<ReadingLimits>;
  readonly signal?: AbortSignal;
  readonly mediaType?: string;
}

const limits: ReadingLimits = {
  entries: 1_000,
  bytes: 10_000_000,
  nameCharacters: 100_000,
  paths: 300_000,
  ms: 60_000,
};

/** Layers are members of a tar, or bytes; the lowest first. `opened` tells which blobs were read, `closed` how many were let go. */
async function compared(
  from: readonly (TarMember[] | Buffer | undefined)[],
  to: readonly (TarMember[] | Buffer | undefined)[],
  { limits: own, signal, mediaType = 'application/vnd.oci.image.layer.v1.tar' }: Compared = {},
) {
  const blobs = new Map<string, Buffer>();
  const opened: string[] = [];
  let closed = 0;
  const layerOf = (layer: TarMember[] | Buffer | undefined): DescriptorReference => {
    const bytes = layer === undefined ? Buffer.from('not here') : Buffer.isBuffer(layer) ? layer : tarOf(...layer);
    const digest = digestOf(bytes);
    if (layer !== undefined) blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.byteLength };
  };
  const source = {
    async *readBlob(_name: RepositoryName, { digest }: DescriptorReference) {
      const bytes = blobs.get(digest);
      if (bytes === undefined) throw new RegistryError('BLOB_UNKNOWN');
      opened.push(digest);
      try {
        for (let at = 0; at < bytes.byteLength; at += 700) yield bytes.subarray(at, at + 700);
      } finally {
        closed += 1;
      }
    },
  } as unknown as ImageSource;
  const files = await compareFiles({
    source,
    from: { name, layers: from.map(layerOf) },
    to: { name, layers: to.map(layerOf) },
    signal,
    limits: { ...limits, ...own },
  });
  return { files, opened, closed };
}

/** `+path`, `-path`, `~path`, with a question mark where it is not certain. */
function lines({ differences }: ComparedFiles): readonly string[] {
  const signs = { added: '+', removed: '-', changed: '~' };
  return differences.map(({ path, change, maybe }) => `${signs[change]}${path}${maybe ? '?' : ''}`);
}

describe('files of two images', () => {
  it('are added, removed and changed, by what their headers and contents are', async () => {
    const from = [
      file('a', '1'),
      file('b', '2'),
      file('same'),
      { path: 'link', type: '2', linkPath: 'a' },
      file('size', '12'),
    ];
    const to = [
      file('a', '9'),
      file('same'),
      { path: 'link', type: '2', linkPath: 'b' },
      file('size', '123'),
      { ...file('new'), patch: (header: Buffer) => header.write('0004755\0', 100) },
    ];
    const { files, opened, closed } = await compared([from], [to]);
    expect(lines(files)).toEqual(['~a', '-b', '~link', '+new', '~size']);
    expect(files).toMatchObject({ added: 1, removed: 1, changed: 3, omitted: 0, unread: [], cut: undefined });
    const found = new Map(files.differences.map((each) => [each.path, each]));
    expect(found.get('link')).toMatchObject({ from: { type: 'symlink', target: 'a' }, to: { target: 'b' } });
    expect(found.get('new')?.to).toEqual({ type: 'file', size: 3, mode: '4755', target: undefined });
    expect(found.get('size')).toMatchObject({ from: { size: 2 }, to: { size: 3 } });
    expect(closed).toBe(opened.length);
  });

  it('are the same whatever their layers are compressed with', async () => {
    const tar = tarOf(file('a'), file('b', 'x'.repeat(5_000)));
    for (const bytes of [
      gzipSync(tar),
      zstdFrame(tar),
      Buffer.concat([gzipSync(tar.subarray(0, 900)), gzipSync(tar.subarray(900))]),
    ]) {
      const { files, opened, closed } = await compared([tar], [bytes]);
      expect([lines(files), files.unread, files.read.entries]).toEqual([[], [], 4]);
      expect(closed).toBe(opened.length);
    }
  });

  it('do not read what both have at the bottom, and say where that matters', async () => {
    const base = [file('base'), directory('etc'), file('etc/passwd')];
    const { files, opened } = await compared(
      [base, [directory('etc'), file('etc/passwd', 'root'), file('old')]],
      [base, [directory('etc'), file('etc/.wh.passwd'), file('new')]],
    );
    expect(opened.length).toBe(2);
    expect(files.commonLayers).toBe(1);
    expect(lines(files)).toEqual(['-etc/passwd', '+new?', '-old?']);
  });

  it('tell of directories where nothing in them differs', async () => {
    const { files } = await compared(
      [none],
      [[directory('a'), file('a/b'), directory('empty'), directory('c'), directory('c/d')]],
    );
    expect(lines(files)).toEqual(['+a/b', '+c/d', '+empty']);
  });
});

describe('whiteouts', () => {
  const base = [directory('d'), file('d/a'), file('d/b'), file('top')];
  const all = ['-d/a', '-d/b'];

  it.each<[string, TarMember[], readonly string[]]>([
    ['of a file', [file('d/.wh.a', '')], ['-d/a']],
    ['of a directory with all in it', [file('.wh.d', '')], all],
    ['that are opaque', [directory('d'), file('d/.wh..wh..opq', '')], all],
    ['that are opaque, after what their own layer has', [file('d/c'), file('d/.wh..wh..opq', '')], [...all, '+d/c']],
    ['never hide what their own layer has', [file('d/.wh.a', ''), file('d/a')], []],
    ['nor when they come after it', [file('d/a'), file('d/.wh.a', '')], []],
    ['of a path that becomes a directory again', [file('.wh.d', ''), directory('d'), file('d/c')], [...all, '+d/c']],
    ['of aufs itself name nothing', [file('.wh..wh.plnk', ''), file('.wh..wh.aufs', '')], []],
    ['of nothing name nothing', [file('d/.wh.', ''), file('d/.wh..', ''), file('d/.wh...', '')], []],
    ['are what a file in place of a directory is', [file('d', 'file')], ['~d', ...all]],
    ['of what is not there', [file('d/.wh.zzz', '')], []],
  ])('%s', async (_what, layer, expected) => {
    // With nothing in common, so that everything is known.
    const whole = await compared([[...base, file('x')]], [base, [...layer, file('x')]]);
    expect(lines(whole.files).filter((line) => line !== '-d')).toEqual(expected);
  });

  it('hide nothing of the layers above', async () => {
    const { files } = await compared([none], [[file('a')], [file('.wh.a', '')], [file('a', 'again')]]);
    expect(files.differences).toEqual([
      { path: 'a', change: 'added', maybe: undefined, from: undefined, to: expect.objectContaining({ size: 5 }) },
    ]);
  });

  it('of what nobody read are told of', async () => {
    const { files } = await compared(
      [base, none],
      [base, [file('.wh.top', ''), directory('d'), file('d/.wh..wh..opq', '')]],
    );
    expect(lines(files)).toContain('-top');
    expect(lines(files)).toContain('-d/*?');
  });
});

describe('layers that cannot be read', () => {
  it.each<[string, Buffer | undefined, RegExp, string?]>([
    ['absent', undefined, /not here/],
    [
      'non-distributable',
      undefined,
      /need not be in a registry/,
      'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    ],
    ['no tar', Buffer.from('{"json": true}'), /no tar: it looks like a JSON document/],
    ['empty', Buffer.alloc(0), /an empty file/],
    ['cut off', tarOf(file('a', 'x'.repeat(2_000))).subarray(0, 1_500), /cut off/],
    ['cut off while compressed', gzipSync(tarOf(file('a', 'x'.repeat(50_000)))).subarray(0, 100), /damaged/],
    ['damaged', Buffer.concat([tarMember(file('a')), Buffer.alloc(512, 7)]), /checksum/],
    ['something else, compressed', gzipSync(Buffer.from('{}')), /no tar is in it/],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2, 3]), /no tar: it looks like xz/],
  ])('are told of when they are %s, and the others are compared', async (_what, bytes, why, mediaType) => {
    const { files, opened, closed } = await compared(
      [[file('x')]],
      [bytes, [file('new')]],
      mediaType ? { mediaType } : {},
    );
    expect(files.unread).toEqual([{ side: 'to', digest: expect.any(String), why: expect.stringMatching(why) }]);
    expect(lines(files).filter((line) => !line.startsWith('+a'))).toEqual(['+new', '-x?']);
    expect(closed).toBe(opened.length);
  });
});

describe('hostile layers', () => {
  it('that are many and no tars end with the time as well', async () => {
    const many = Array.from({ length: 50 }, (_, at) => Buffer.from(`{"no tar": ${at}}`));
    const { files, opened } = await compared([none], many, { limits: { ms: -1 } });
    expect([files.cut, opened.length]).toEqual(['time', 0]);
  });

  it('are read once, however often they are there', async () => {
    const layer = tarOf(file('a'), file('.wh.b', ''));
    const { files, opened } = await compared([none], [[file('b')], layer, [file('.wh.a', '')], layer]);
    expect([lines(files), opened.length]).toEqual([['+a'], 4]);
  });

  it('are read up to a number of entries, of bytes, of characters and for a time', async () => {
    const many = Array.from({ length: 50 }, (_, at) => file(`f${at}`));
    const cutBy = async (own: Partial<ReadingLimits>) => {
      const { files, opened, closed } = await compared([none], [[file('below')], many], { limits: own });
      expect(closed).toBe(opened.length);
      return [files.cut, lines(files).includes('+below')];
    };
    expect(await cutBy({ entries: 10 })).toEqual(['entries', false]);
    expect(await cutBy({ bytes: 3_000 })).toEqual(['bytes', false]);
    expect(await cutBy({ nameCharacters: 40 })).toEqual(['names', false]);
    expect(await cutBy({ ms: -1 })).toEqual(['time', false]);
    expect(await cutBy({})).toEqual([undefined, true]);
  });

  it('end where names lead through more directories than anybody has, and whoever leaves ends a comparison', async () => {
    const deep = Array.from({ length: 200 }, (_, at) => file(`${at}/${'d/'.repeat(100)}f`));
    const { files } = await compared([none], [deep], { limits: { paths: 5_000 } });
    expect(files.cut).toBe('paths');
    expect(files.read.entries).toBeLessThan(150);
    const late = await compared([none], [deep], { limits: { ms: -10_000 } });
    expect(late.files).toMatchObject({ cut: 'time', added: 0 });
  });

  it('that unpack to gigabytes are left at the limit', async () => {
    const bomb = gzipSync(Buffer.concat([tarMember({ path: 'zeros', size: 900_000_000 }), Buffer.alloc(30_000_000)]));
    const { files, opened, closed } = await compared([none], [bomb]);
    expect([files.cut, closed]).toEqual(['bytes', opened.length]);
    expect(files.read.bytes).toBeLessThan(11_000_000);
  });

  it('have names that lead nowhere, or are shown as text', async () => {
    const names = ['../../etc/passwd', 'a/../../b', '<script>alert(1)</script>', '\u001b[31mred', 'rtl\u202egpj.exe'];
    const long = [
      longName('L', `${'n'.repeat(5_000)}`),
      file('cut'),
      pax({ path: `p${'x'.repeat(3_000)}` }),
      file('pax'),
    ];
    const { files } = await compared(
      [none],
      [[...names.map((each) => file(each, '')), file('/absolute'), ...long, { path: 'odd', type: 'Z' }]],
    );
    expect(files.read.unusable).toBe(4);
    const paths = files.differences.map(({ path }) => path);
    expect(paths).toContain('<script>alert(1)</script>');
    expect(paths).toContain('\\u{1b}[31mred');
    expect(paths).toContain('rtl\\u{202e}gpj.exe');
    expect(paths).toContain('absolute');
    expect(Math.max(...paths.map(({ length }) => length))).toBe(1_024);
  });

  it('end when whoever asked has gone', async () => {
    const gone = new AbortController();
    gone.abort(new Error('gone'));
    await expect(compared([none], [[file('a')]], { signal: gone.signal })).rejects.toThrow('gone');
  });

  it('are listed up to a number, and all are counted', async () => {
    const many = Array.from({ length: 2_100 }, (_, at) => file(`f${String(at).padStart(5, '0')}`, ''));
    const { files } = await compared([none], [many], { limits: { entries: 10_000 } });
    expect([files.added, files.differences.length, files.omitted]).toEqual([2_100, 2_000, 100]);
    expect(files.differences[1_999]?.path).toBe('f01999');
  });

  it('have sparse files as large as they are unpacked', async () => {
    const sparse = [
      pax({
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': 'holes',
        'GNU.sparse.realsize': '1000000',
      }),
      file('GNUSparseFile.0/holes', '1\n0\n3\n'),
    ];
    const { files } = await compared([none], [[...sparse, { ...file('old'), magic: gnuMagic }]]);
    expect(files.differences.map(({ path, to }) => [path, to?.size])).toEqual([
      ['holes', 1_000_000],
      ['old', 3],
    ]);
  });
});
