// Somebody who may write in one repository's directory exchanges a directory of it and a symbolic link to elsewhere, thousands of times
// a second, while the store reads and writes there: no byte leaves the root, and none comes in.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { newUploadId } from '../../src/oci/upload-id.ts';
import { openFilesystemStore } from '../../src/storage/filesystem/filesystem-store.ts';
import type { Key } from '../../src/storage/object-store.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { addLine, stageText, updateAndClose } from '../contract/store-under-test.ts';
import { silentLog } from '../support/silent-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const exchanger = fileURLToPath(new URL('./directory-exchanger.mjs', import.meta.url));
const attackMs = 1_200;
const secret = 'of another program';

test.skipIf(process.platform !== 'linux').each(['team/app/blobs/sha256', 'team/app/blobs', 'team/app'])(
  'nothing is written or read through %s while it is exchanged for a link (needs Linux)',
  async (exchanged) => {
    const [root, outside] = [await temporaryDirectory(), await temporaryDirectory()];
    const store = await openFilesystemStore(root, { log: silentLog });
    onTestFinished(() => store.close());
    const key = (name: string) => `team/app/${name}` as Key;
    const secretKey = key('blobs/sha256/secret');
    await store.write(key('blobs/sha256/first'), Buffer.from('ours'));
    await updateAndClose(store, key('index.json'), addLine('first'));
    // The same names as inside, so that every lookup through the link finds something.
    const below = secretKey.slice(exchanged.length + 1);
    mkdirSync(join(outside, below, '..'), { recursive: true });
    writeFileSync(join(outside, below), secret);
    if (exchanged === 'team/app') writeFileSync(join(outside, 'index.json'), secret);
    const before = everythingIn(outside);
    symlinkSync(outside, `${root}/team/link`);
    const attack = await exchanging(`${root}/${exchanged}`, `${root}/team/link`);

    let told = 0;
    let done = 0;
    const deadline = performance.now() + attackMs;
    const repeat = async (work: (round: number) => Promise<unknown>) => {
      // On a slow machine longer: an attack on nothing shows nothing.
      for (let round = 0; performance.now() < deadline || done <= 100; round += 1) {
        try {
          await work(round);
          done += 1;
        } catch (error) {
          if (!(error instanceof StorageError)) throw error;
        }
        await new Promise(setImmediate);
      }
    };
    await Promise.all([
      repeat((round) => store.write(key(`blobs/sha256/w${round}`), Buffer.from('ours'))),
      repeat((round) => store.append(key(`blobs/sha256/a${round}`), Buffer.from('ours'))),
      repeat(() => updateAndClose(store, key('index.json'), addLine('more'))),
      repeat(async (round) => (await stageText(store, 'ours')).commit(key(`blobs/sha256/s${round}`))),
      repeat(() => store.stage(newUploadId(), {}).then((staged) => staged.discard())),
      repeat((round) => store.link(key('blobs/sha256/first'), key(`blobs/sha256/l${round}`))),
      repeat(() => store.delete(secretKey)),
      repeat(() => store.link(secretKey, '.moorage/pool/secret' as Key)),
      repeat(async () => {
        if ((await store.stat(secretKey)) !== undefined) told += 1;
        const opened = await store.open(secretKey);
        if (opened !== undefined) told += 1;
        await opened?.close();
        if ((await store.read(secretKey, 100)) !== undefined) told += 1;
        const names = (await store.list(key('blobs/sha256'))).map(({ name }) => name);
        if (names.includes('secret')) told += 1;
      }),
    ]);
    await attack.end();

    expect(told).toBe(0);
    expect(everythingIn(outside)).toEqual(before);
    expect(readdirSync(`${root}/.moorage`)).not.toContain('pool');
    expect(done).toBeGreaterThan(100);
  },
);

async function exchanging(directory: string, link: string) {
  const child = spawn(process.execPath, [exchanger, directory, link], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const end = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(end);
  await once(child.stdout, 'data');
  return { end };
}

/** Paths, and what is in the files. */
function everythingIn(directory: string): readonly (readonly [string, string])[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path, readFileSync(path, 'utf8')] as const);
}
