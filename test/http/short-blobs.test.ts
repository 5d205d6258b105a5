// Blobs whose files are cut short after they were opened: by each way of sending, what arrives is never taken for whole.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { BlobSender } from '../../src/http/blob-sender.ts';
import { PooledSender } from '../../src/http/pooled-sender.ts';
import { loadSendfileCalls } from '../../src/http/sendfile-calls.ts';
import { SendfileSender } from '../../src/http/sendfile-sender.ts';
import { openMounts } from '../../src/mounts/open-mounts.ts';
import { digestOf, encodedOf } from '../../src/oci/digest.ts';
import { openFilesystemStore } from '../../src/storage/filesystem/filesystem-store.ts';
import type { Key, ObjectStore } from '../../src/storage/object-store.ts';
import { entryOf, writeStranger } from '../hostile/stranger.ts';
import { blobOf, contentOf, imageManifest, layerType } from '../support/content.ts';
import { silentLog } from '../support/silent-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { codesOf } from './support/answers.ts';
import { pushBlob } from './support/content.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

const calls = loadSendfileCalls();
const small = 10_000;
const large = 3_000_000;
const senders: readonly [string, (() => BlobSender) | undefined][] = [
  ['reads and writes', () => new PooledSender()],
  ['sendfile', calls && (() => new SendfileSender(calls, new PooledSender()))],
];
const requests: readonly [string, number, string][] = [
  ['a small one', small, ''],
  ['a range of a small one', small, 'Range: bytes=100-9000\r\n'],
  ['ranges of a small one', small, 'Range: bytes=0-10,9000-9100\r\n'],
  ['a large one', large, ''],
  ['a range of a large one', large, 'Range: bytes=1000-2999999\r\n'],
  ['small ranges of a large one', large, 'Range: bytes=0-10,2999000-2999100\r\n'],
  ['large ranges of a large one', large, 'Range: bytes=0-99999,2000000-2999999\r\n'],
];

/** `complete` for an answer that a client would believe. */
async function outcomeOf(connection: Awaited<ReturnType<typeof rawConnection>>): Promise<string> {
  try {
    const { status } = await connection.answer();
    return status < 300 ? 'complete' : String(status);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const cases = senders.flatMap(([way, sender]) =>
  requests.map(([what, size, range]) => [what, way, sender, size, range] as const),
);

it.each(cases)('%s, by %s', async (_what, _way, makeSender, size, range) => {
  if (makeSender === undefined) return;
  const directory = await temporaryDirectory();
  const files = await openFilesystemStore(directory, { log: silentLog });
  let cut: string | undefined;
  const store: ObjectStore = new Proxy(files, {
    get: (target, member) => {
      const value: unknown = Reflect.get(target, member, target);
      if (member !== 'open') return typeof value === 'function' ? value.bind(target) : value;
      return async (key: Key) => {
        const opened = await target.open(key);
        if (cut !== undefined) truncateSync(cut, 50);
        return opened;
      };
    },
  });
  const { app } = registryApp({ store, sender: makeSender() });
  const digest = await pushBlob(app, 'a', randomBytes(size));
  cut = join(directory, 'a/blobs/sha256', encodedOf(digest));
  const connection = await rawConnection(app);
  await connection.write(head(`GET /v2/a/blobs/${digest}`).replace('\r\n\r\n', `\r\n${range}\r\n`));
  // 404 where another look at the file, in the background, found it cut before the answer began.
  expect(await outcomeOf(connection)).toMatch(/^(?:404|500|the connection ended within an answer)$/);
  // From then on it is known for what it is, and a push mends it.
  cut = undefined;
  const again = await app.inject(`/v2/a/blobs/${digest}`);
  expect([again.statusCode, codesOf(again)]).toEqual([404, ['BLOB_UNKNOWN']]);
});

it('a layer of an archive that is cut', async () => {
  const layer = contentOf(randomBytes(large), layerType);
  const config = blobOf('{}');
  const image = imageManifest({ layers: [layer] });
  const layout = writeStranger(join(await temporaryDirectory(), 'app'), {
    entries: [entryOf(image, 'v1')],
    blobs: [image, config, image.config, layer],
  });
  const archive = join(await temporaryDirectory(), 'app.tar');
  execFileSync('tar', ['-cf', archive, '-C', layout, '.']);
  const options = { links: 'refuse', fileMode: 0o644, directoryMode: 0o755, readOnly: true, log: silentLog } as const;
  const cacheDirectory = await temporaryDirectory();
  const mounts = await openMounts({ ...options, paths: [`app=${archive}`], root: undefined, cacheDirectory });
  onTestFinished(() => mounts[0]?.reader.close());
  const { app } = registryApp({ mounts, sender: new PooledSender() });
  expect((await app.inject(`/v2/app/blobs/${layer.digest}`)).rawPayload.equals(layer.bytes)).toBe(true);
  truncateSync(archive, 1_000_000);
  const connection = await rawConnection(app);
  await connection.write(head(`GET /v2/app/blobs/${layer.digest}`));
  expect(await outcomeOf(connection)).toMatch(/^(?:50\d|the connection ended within an answer)$/);
  expect(digestOf(layer.bytes)).toBe(layer.digest);
});
