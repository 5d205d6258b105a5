// One server over everything hostile at once: it stays up, and its memory stays bounded by the largest index.json.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { runMoorage, startMoorage } from '../e2e/moorage-process.ts';
import { contentOf, imageManifest } from '../support/content.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blobPath, blobsOf, entryOf, writeStranger } from './stranger.ts';

const image = imageManifest();
const mebibyte = 1024 * 1024;

/** The most that the process ever had, by the kernel's account. */
function peakMemory(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

async function everythingHostile(): Promise<string> {
  const directory = await temporaryDirectory();
  const good = { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) };
  writeStranger(join(directory, 'good'), good);
  truncateSync(join(writeStranger(join(directory, 'giant-index')), 'index.json'), 1024 ** 4);
  const manifest = writeStranger(join(directory, 'giant-manifest'), good);
  truncateSync(blobPath(manifest, image.digest), 10 * 1024 ** 3);
  const layer = writeStranger(join(directory, 'giant-layer'), good);
  const [first] = image.layers;
  if (first !== undefined) truncateSync(blobPath(layer, first.digest), 10 * 1024 ** 3);
  const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
  writeFileSync(
    join(writeStranger(join(directory, 'deep')), 'index.json'),
    `{"schemaVersion":2,"manifests":[],"x":${deep}}`,
  );
  const bomb = contentOf(Buffer.from(`{"schemaVersion":2,"x":${deep}}`), mediaTypes.imageManifest);
  writeStranger(join(directory, 'bomb'), { entries: [entryOf(bomb, 'v1')], blobs: [bomb] });
  const entries = Array.from({ length: 100_000 }, (_, at) => ({
    ...image.descriptor,
    digest: digestOf(Buffer.from(String(at))),
    annotations: { 'org.opencontainers.image.ref.name': `t${at}` },
  }));
  writeStranger(join(directory, 'many'), { ...good, entries: [...entries, entryOf(image, 'v1')] });
  return directory;
}

describe.skipIf(process.platform !== 'linux')('memory', () => {
  it('of a server stays bounded, and it goes on to answer', async () => {
    const directory = await everythingHostile();
    const cache = await temporaryDirectory();
    const moorage = await startMoorage(['serve', directory, '--scan', '--listen', '127.0.0.1:0'], {
      environment: { XDG_CACHE_HOME: cache },
    });
    const { url } = await moorage.ready();
    const status = async (path: string) => {
      const answer = await fetch(`${url}${path}`);
      await answer.body?.cancel();
      return answer.status;
    };
    for (const name of ['giant-index', 'giant-manifest', 'giant-layer', 'deep', 'bomb', 'many', 'good']) {
      await status(`/v2/${name}/tags/list`);
      await status(`/v2/${name}/manifests/v1`);
      await status(`/v2/${name}/referrers/${image.digest}`);
    }
    expect(await status('/v2/_catalog')).toBe(200);
    expect(await status('/v2/good/manifests/v1')).toBe(200);
    expect(await status('/v2/many/manifests/v1')).toBe(200);
    expect(peakMemory(moorage.pid ?? 0)).toBeLessThan(700 * mebibyte);
  }, 120_000);

  it('of inspect does not let it fail', async () => {
    const directory = await everythingHostile();
    const cache = await temporaryDirectory();
    const { code, stdout, stderr } = await runMoorage(['inspect', directory, '--scan', '--json'], {
      environment: { XDG_CACHE_HOME: cache, NODE_OPTIONS: '--max-old-space-size=400' },
    });
    expect(stderr).toBe('');
    expect(code).toBe(1);
    const { layouts } = JSON.parse(stdout) as {
      layouts: { name: string; findings: { code: string }[]; omitted: Record<string, number> }[];
    };
    const codesOf = (name: string) =>
      layouts.find((each) => each.name === name)?.findings.map(({ code: each }) => each);
    expect(codesOf('good')).toEqual([]);
    expect(codesOf('giant-index')).toContain('index-too-large');
    expect(codesOf('giant-manifest')).toContain('manifest-too-large');
    expect(codesOf('giant-layer')).toContain('wrong-size');
    expect(codesOf('bomb')).toContain('not-a-manifest');
    expect(layouts.find(({ name }) => name === 'many')?.omitted).toMatchObject({ 'dangling-tag': 99_980 });
  }, 120_000);
});
