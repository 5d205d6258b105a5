// Archives through pipes: an export to standard output, an import of standard input, and what is left of both.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { LayoutWriter } from '../interop/material/layout-directory.ts';
import { contentOf, imageManifest, layerType } from '../support/content.ts';
import { writeLayout } from '../support/fixture-layouts.ts';
import { runShell, scratchDirectory, startMoorage } from './moorage-process.ts';

async function workplace() {
  const directory = await scratchDirectory();
  writeLayout(join(directory, 'other'), 'recorded/regctl/referrers');
  const environment = { XDG_CACHE_HOME: join(directory, 'cache') };
  const left = () => {
    const streams = join(directory, 'cache/moorage/streams');
    return existsSync(streams) ? readdirSync(streams) : [];
  };
  return { directory, left, run: (script: string) => runShell(script, { directory, environment }) };
}

/** In one layer. */
async function writeLargeImage(directory: string, size: number): Promise<void> {
  const layout = new LayoutWriter(directory);
  const image = imageManifest({ layers: [contentOf(Buffer.alloc(size), layerType)] });
  for (const { bytes, descriptor } of [image, image.config, ...image.layers]) {
    await layout.blob(descriptor.mediaType, bytes);
  }
  layout.tag('v1', { ...image.descriptor, mediaType: mediaTypes.imageManifest });
  await layout.close();
}

describe('an archive in a pipe', () => {
  it.each(['', '| gzip', '| xz', '| bzip2'])('goes from one to the other (%s)', async (through) => {
    const { run, left } = await workplace();
    const piped = await run(`moorage export ./other:v1 - ${through} | moorage import - team/app`);
    expect(piped, piped.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^stdin:v1 -> team\/app:v1\n/),
    });
    const trees = await run('moorage tree ./other:v1 --json; moorage tree team/app:v1 --json');
    const [one, two] = trees.stdout.split(/(?<=^\}\n)/m).map((text) => JSON.parse(text) as { image: unknown });
    expect(two?.image).toEqual(one?.image);
    expect(left()).toEqual([]);
  });

  it('is the same as in a file, and nothing else is on standard output', async () => {
    const { run } = await workplace();
    const { code, stderr } = await run(
      'moorage export ./other:v1 app.tar --json > report && moorage export ./other:v1 - --json > piped.tar && cmp app.tar piped.tar',
    );
    expect(code).toBe(0);
    expect(stderr).toContain('"form": "archive"');
  });

  it('keeps the names of its images where none is given', async () => {
    const { run } = await workplace();
    const script = 'moorage export ./other:v1 - --profile docker --name acme/app | moorage import -';
    expect((await run(script)).stdout).toContain('stdin:v1 -> docker.io/acme/app:v1\n');
  });

  it.each([
    [
      'echo no archive | moorage import - app',
      'standard input is neither a tar nor one compressed with gzip, zstd, xz or bzip2',
    ],
    ['moorage import - app < /dev/null', 'it looks like an empty file'],
    ['gzip < /dev/null | moorage import - app', 'standard input is neither a tar'],
    ['moorage export ./other:v1 - | head -c 3000 | moorage import - app', 'moorage: '],
  ])('that is none is refused, and leaves nothing: %s', async (script, why) => {
    const { run, left, directory } = await workplace();
    const exit = await run(script);
    expect(exit.code).not.toBe(0);
    expect(exit.stderr).toContain(why);
    expect(exit.stdout).toBe('');
    expect(left()).toEqual([]);
    expect(existsSync(join(directory, 'registry/app'))).toBe(false);
  });

  it('waits for a reader that is slower, and is whole', async () => {
    const { run, directory } = await workplace();
    await writeLargeImage(join(directory, 'large'), 1024 * 1024);
    const script =
      'moorage export ./large - > whole.tar && moorage export ./large - | (sleep 1; cat > piped.tar) && cmp whole.tar piped.tar';
    expect(await run(script)).toMatchObject({ code: 0, stdout: '' });
  });

  it('whose reader leaves is said to be incomplete', async () => {
    const { run } = await workplace();
    const { stderr } = await run('moorage export ./other:v1 - | true');
    expect(stderr).toMatch(/the program that reads standard output has ended; the archive is incomplete\n$/);
  });

  it.skipIf(!existsSync('/dev/full'))(
    'that does not fit where it goes is said to be incomplete, in one line',
    async () => {
      const { run } = await workplace();
      const exit = await run('moorage export ./other:v1 - > /dev/full');
      expect(exit.code).toBe(1);
      expect(exit.stderr).toMatch(/moorage: standard output: ENOSPC[^\n]*; the archive is incomplete\n$/);
      expect(exit.stderr).not.toContain('    at ');
    },
  );

  it('ends when it is interrupted while its reader stands still', async () => {
    const { directory } = await workplace();
    await writeLargeImage(join(directory, 'large'), 64 * 1024 * 1024);
    const moorage = await startMoorage(['export', './large', '-'], { directory });
    while (moorage.stdout === '') await new Promise((resolve) => setTimeout(resolve, 1));
    moorage.stopReading('stdout');
    moorage.signal('SIGINT');
    expect(await moorage.ended).toEqual([130, null]);
    expect(moorage.stderr).toContain('moorage: stopped; the archive on standard output is incomplete');
  });

  it('leaves nothing when it is interrupted', async () => {
    const { directory, left } = await workplace();
    const environment = { XDG_CACHE_HOME: join(directory, 'cache') };
    const moorage = await startMoorage(['import', '-', 'app'], { directory, environment, input: 'open' });
    while (left().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    moorage.signal('SIGINT');
    expect(await moorage.exited).toMatchObject({ code: 130, stderr: expect.stringContaining('moorage: stopped; ') });
    expect(left()).toEqual([]);
  });
});
