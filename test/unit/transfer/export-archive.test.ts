// Archives: complete, the same bytes each time, and never half of one under the name of the target.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  createReadStream,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { decompress } from 'fzstd';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { ArchivedFile } from '../../../src/transfer/archive-writer.ts';
import { tarBytes } from '../../../src/transfer/archive-writer.ts';
import { CopyError, WrongContentError } from '../../../src/transfer/copy-error.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { amd64, arm64, exported, index, layer, signature, signedImages } from '../../support/exports.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

interface Entry {
  readonly name: string;
  readonly type: string | null | undefined;
  readonly bytes: Buffer;
  readonly header: {
    readonly mtime?: Date | undefined;
    readonly uid?: number | undefined;
    readonly mode?: number | undefined;
  };
}

async function entriesOf(tar: AsyncIterable<Uint8Array>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of Readable.from(tar).pipe(extract())) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    entries.push({
      name: entry.header.name,
      type: entry.header.type,
      bytes: Buffer.concat(chunks),
      header: entry.header,
    });
  }
  return entries;
}

async function archived(
  source: MemorySource,
  references: readonly string[],
  options: Partial<Parameters<typeof exported>[2]> = {},
) {
  const directory = await temporaryDirectory();
  const target = `${directory}/out.tar`;
  const report = await exported(source, references, { target, ...options });
  return { report, target, directory, entries: await entriesOf(createReadStream(target)) };
}

describe('an archive', () => {
  it('holds oci-layout, the blobs in order, index.json and manifest.json', async () => {
    const { entries, report } = await archived(signedImages(), ['team/app:multi'], { profile: 'docker' });
    const names = entries.map(({ name }) => name);
    const blobs = names.filter((name) => /^blobs\/sha256\/.+/.test(name));
    expect(names).toEqual(['oci-layout', 'blobs/', 'blobs/sha256/', ...blobs, 'index.json', 'manifest.json']);
    expect(blobs).toEqual([...blobs].sort());
    for (const { name, bytes } of entries) {
      if (blobs.includes(name)) expect(createHash('sha256').update(bytes).digest('hex')).toBe(name.slice(13));
    }
    const held = [index, amd64, arm64, signature, layer, amd64.config, arm64.config, signature.config];
    for (const { digest } of held) expect(blobs).toContain(`blobs/sha256/${digest.slice(7)}`);
    expect(entries[0]?.bytes.toString()).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(report.images).toEqual([{ name: 'docker.io/team/app:multi', digest: index.digest }]);
    expect(report.totals.manifests).toEqual({ copied: 5, present: 0 });
  });

  it('tells nothing of when and by whom it was made, and is the same each time', async () => {
    const [one, other] = [
      await archived(signedImages(), ['team/app:v1', 'team/app:multi']),
      await archived(signedImages(), ['team/app:v1', 'team/app:multi']),
    ];
    expect(readFileSync(one.target)).toEqual(readFileSync(other.target));
    for (const { header } of one.entries) expect([header.mtime?.getTime(), header.uid]).toEqual([0, 0]);
  });

  it('reads a blob that images share once', async () => {
    const source = signedImages();
    await archived(source, ['team/app:v1', 'team/app:multi']);
    expect(source.reads.filter(({ digest }) => digest === layer.digest)).toHaveLength(1);
  });

  it('is gzip where its name says so', async () => {
    const directory = await temporaryDirectory();
    await exported(signedImages(), ['team/app:v1'], { target: `${directory}/out.tar` });
    await exported(signedImages(), ['team/app:v1'], { target: `${directory}/out.tar.gz` });
    expect(gunzipSync(readFileSync(`${directory}/out.tar.gz`))).toEqual(readFileSync(`${directory}/out.tar`));
  });

  it('is zstd where its name says so, compressed or stored', async () => {
    const directory = await temporaryDirectory();
    await exported(signedImages(), ['team/app:v1'], { target: `${directory}/out.tar` });
    await exported(signedImages(), ['team/app:v1'], { target: `${directory}/out.tar.zst` });
    const unpacked = Buffer.from(decompress(readFileSync(`${directory}/out.tar.zst`)));
    expect(unpacked).toEqual(readFileSync(`${directory}/out.tar`));
  });

  it('holds names that are longer than an old tar can say', async () => {
    const long = blobOf('of sha512', undefined, 'sha512');
    const source = new MemorySource().addImage('app', imageManifest({ layers: [long] }), 'v1');
    const { entries, report } = await archived(source, ['app:v1'], { profile: 'docker' });
    expect(entries.find(({ name }) => name === `blobs/sha512/${long.digest.slice(7)}`)?.bytes).toEqual(long.bytes);
    expect(report.notes).toEqual(['there are sha512 digests, which containerd, docker and crane do not read']);
  });

  it('for crane says that crane does not read it as it is', async () => {
    const { report } = await archived(signedImages(), ['team/app:v1'], { profile: 'crane' });
    expect(report.notes).toEqual([expect.stringContaining('crane push reads a layout in a directory only')]);
  });

  it('clears away what an earlier run of the same left that was killed, and no other file', async () => {
    const directory = await temporaryDirectory();
    const anHourAgo = Date.now() / 1000 - 3_700;
    for (const name of ['.moorage-0123456789ab-out.tar', '.moorage-0123456789ab-other.tar', 'my-out.tar']) {
      writeFileSync(`${directory}/${name}`, 'part');
      utimesSync(`${directory}/${name}`, anHourAgo, anHourAgo);
    }
    writeFileSync(`${directory}/.moorage-ba9876543210-out.tar`, 'of a run beside this one');
    await exported(signedImages(), ['team/app:v1'], { target: `${directory}/out.tar` });
    const kept = ['.moorage-0123456789ab-other.tar', '.moorage-ba9876543210-out.tar', 'my-out.tar', 'out.tar'];
    expect(readdirSync(directory).sort()).toEqual(kept);
  });

  it.each([0o600, 0o640, 0o666])('keeps the mode of the one that it replaces: %o', async (mode) => {
    const directory = await temporaryDirectory();
    writeFileSync(`${directory}/out.tar`, 'old');
    chmodSync(`${directory}/out.tar`, mode);
    await exported(signedImages(), ['team/app:v1'], { target: `${directory}/out.tar` });
    expect(statSync(`${directory}/out.tar`).mode & 0o777).toBe(mode);
  });

  it('replaces an older one with one rename', async () => {
    const directory = await temporaryDirectory();
    writeFileSync(`${directory}/out.tar`, 'old');
    await exported(signedImages(), ['team/app:v1'], { target: `${directory}/out.tar` });
    expect(readdirSync(directory)).toEqual(['out.tar']);
    expect(readFileSync(`${directory}/out.tar`).byteLength).toBeGreaterThan(1024);
  });
});

describe('an archive that cannot be finished leaves the old one and nothing else', () => {
  async function refused(
    source: MemorySource,
    expected: unknown,
    options: Partial<Parameters<typeof exported>[2]> = {},
  ) {
    const directory = await temporaryDirectory();
    writeFileSync(`${directory}/out.tar`, 'old');
    const run = exported(source, ['team/app:v1'], { target: `${directory}/out.tar`, ...options });
    await expect(run).rejects.toThrow(expected as string);
    expect(readdirSync(directory)).toEqual(['out.tar']);
    expect(readFileSync(`${directory}/out.tar`, 'utf8')).toBe('old');
  }

  it.each([
    ['other bytes', Buffer.from(layer.bytes.toString().toUpperCase())],
    ['too few bytes', layer.bytes.subarray(1)],
    ['too many bytes', Buffer.concat([layer.bytes, layer.bytes])],
  ])('when a blob has %s', async (_what, bytes) => {
    await refused(signedImages().addBlob({ digest: layer.digest, bytes }), WrongContentError);
  });

  it('when a blob is missing', async () => {
    const source = signedImages();
    source.removeBlob(layer.digest);
    await refused(source, `does not have the blob ${layer.digest}`);
  });

  it('when the source breaks off', async () => {
    const source = signedImages();
    source.breaksAt.set(layer.digest, 8);
    await refused(source, 'the connection was lost');
  });

  it('when it is stopped', async () => {
    const stop = new AbortController();
    const source = signedImages();
    source.onPiece = () => stop.abort(new Error('stopped by the user'));
    await refused(source, 'stopped by the user', { signal: stop.signal });
  });

  it('when there is no such image', async () => {
    const source = signedImages();
    source.removeManifest('team/app', amd64.digest);
    await refused(source, 'manifest unknown');
  });

  it('when a directory is in the way', async () => {
    const directory = await temporaryDirectory();
    await mkdir(`${directory}/out.tar`);
    const source = signedImages();
    await expect(exported(source, ['team/app:v1'], { target: `${directory}/out.tar` })).rejects.toThrow(
      `cannot write ${directory}/out.tar: it is a directory`,
    );
    expect(source.reads).toEqual([]);
    expect(readdirSync(directory)).toEqual(['out.tar']);
    expect(existsSync(`${directory}/none/out.tar`)).toBe(false);
  });
});

it('an archive that cannot be begun says where, and reads nothing', async () => {
  const directory = await temporaryDirectory();
  const source = signedImages();
  const run = exported(source, ['team/app:v1'], { target: `${directory}/none/out.tar` });
  await expect(run).rejects.toThrow(`cannot write ${directory}/none/out.tar: there is no directory ${directory}/none`);
  await expect(run).rejects.toBeInstanceOf(CopyError);
  expect(source.reads).toEqual([]);
});

describe('tarBytes', () => {
  it('reads no further than it is read', async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<ArchivedFile> {
      const content = (async function* () {
        for (; read < 1_000; read += 1) yield Buffer.alloc(1 << 16);
      })();
      yield { kind: 'file', path: 'large', size: 1_000 * (1 << 16), content };
    }
    for await (const bytes of tarBytes(endless())) {
      expect(bytes.byteLength).toBeGreaterThan(0);
      if (read > 10) break;
    }
    expect(read).toBeLessThan(20);
  });

  it('refuses content that is not as long as its header says', async () => {
    async function* short(): AsyncGenerator<ArchivedFile> {
      yield { kind: 'file', path: 'short', size: 10, content: [Buffer.from('short')] };
    }
    const taken = async () => {
      for await (const bytes of tarBytes(short())) expect(bytes.byteLength).toBeGreaterThan(0);
    };
    await expect(taken()).rejects.toThrow('Size mismatch');
  });
});
