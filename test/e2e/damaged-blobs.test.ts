// Damaged blobs beside real processes: what a server remembers over a restart, what `inspect --verify` tells it, what an import mends.
import { chown, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodedOf } from '../../src/oci/digest.ts';
import { blobOf, imageManifest } from '../support/content.ts';
import { type MoorageProcess, runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

/** More than a server holds in memory, which it hashes whenever it comes in. */
const layer = blobOf('the bytes of a layer'.repeat(2_000));
const image = imageManifest({ layers: [layer] });

/** The user's cache directory stays as it is. */
const startIn = (directory: string) => ({ directory, environment: { XDG_CACHE_HOME: join(directory, 'cache') } });

async function serve(directory: string): Promise<{ readonly server: MoorageProcess; readonly url: string }> {
  const server = await startMoorage(['serve', '--root', 'registry', '--listen', '127.0.0.1:0'], startIn(directory));
  return { server, url: (await server.ready()).url };
}

async function stop(server: MoorageProcess): Promise<void> {
  server.signal('SIGTERM');
  expect((await server.exited).code).toBe(0);
}

async function push(url: string): Promise<void> {
  for (const { bytes, digest } of [image.config, layer]) {
    const answer = await fetch(`${url}/v2/a/blobs/uploads/?digest=${digest}`, {
      method: 'POST',
      body: new Uint8Array(bytes),
    });
    expect(answer.status).toBe(201);
  }
  const headers = { 'Content-Type': image.descriptor.mediaType };
  const body = new Uint8Array(image.bytes);
  expect((await fetch(`${url}/v2/a/manifests/v1`, { method: 'PUT', headers, body })).status).toBe(201);
}

const fileIn = (directory: string) => join(directory, 'registry/a/blobs/sha256', encodedOf(layer.digest));
const statusOf = async (url: string, method = 'HEAD') =>
  (await fetch(`${url}/v2/a/blobs/${layer.digest}`, { method })).status;

/** One bit of the file, and nothing that `stat` shows of it but its change time. */
async function rot(file: string): Promise<void> {
  const { atimeMs, mtimeMs } = await stat(file);
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, 3);
  await handle.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 3);
  await handle.close();
  await utimes(file, atimeMs / 1000, mtimeMs / 1000);
}

it('a look that reads every blob tells the server, which remembers, until an import brings good bytes', async () => {
  const directory = await scratchDirectory();
  const first = await serve(directory);
  await push(first.url);
  expect((await runMoorage(['export', 'a:v1', 'good.tar', '--root', 'registry'], startIn(directory))).code).toBe(0);
  // As long ago as all that rots: a version whose time is moments old is not judged for good.
  const file = fileIn(directory);
  await utimes(file, new Date('2024-01-02T03:04:05.678Z'), new Date('2024-01-02T03:04:05.678Z'));
  expect(await statusOf(first.url)).toBe(200);
  await rot(file);
  expect(await statusOf(first.url, 'GET')).toBe(200);

  const look = await runMoorage(['inspect', '--root', 'registry', '--verify'], startIn(directory));
  expect(look.stdout).toContain(layer.digest);
  await expect.poll(() => statusOf(first.url), { timeout: 60_000, interval: 200 }).toBe(404);
  await stop(first.server);

  const second = await serve(directory);
  expect(await statusOf(second.url)).toBe(404);
  expect(await statusOf(second.url, 'GET')).toBe(404);
  // Known, so it was not hashed and told of again.
  expect(second.server.stderr).not.toContain('does not hold what its name says');
  expect((await runMoorage(['import', './good.tar', 'a', '--root', 'registry'], startIn(directory))).code).toBe(0);
  const answer = await fetch(`${second.url}/v2/a/blobs/${layer.digest}`);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(layer.bytes);
  await stop(second.server);
});

it('a look leaves nothing in a directory that nobody serves', async () => {
  const directory = await scratchDirectory();
  const first = await serve(directory);
  await push(first.url);
  await stop(first.server);
  await rm(join(directory, 'registry/.moorage'), { recursive: true });
  await rot(fileIn(directory));
  const look = await runMoorage(['inspect', '--root', 'registry', '--verify'], startIn(directory));
  expect(look.stdout).toContain(layer.digest);
  expect(await readdir(join(directory, 'registry'))).toEqual(['a']);
});

it.skipIf(process.getuid?.() !== 0)(
  'an inspection by root begins nothing that a server of another user could not write',
  async () => {
    const directory = await scratchDirectory();
    const first = await serve(directory);
    await push(first.url);
    await stop(first.server);
    await rm(join(directory, 'registry/.moorage/cache'), { recursive: true, force: true });
    await chown(join(directory, 'registry/.moorage/id'), 1000, 1000);
    await rot(fileIn(directory));
    const found = await runMoorage(['inspect', '--root', 'registry', '--verify'], startIn(directory));
    expect(found.stdout).toContain(layer.digest);
    expect(await readdir(join(directory, 'registry/.moorage'))).not.toContain('cache');
  },
);
