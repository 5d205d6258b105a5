// A process of its own that writes to a filesystem store and says on stdout what was acknowledged, one line each: it is
// killed in the middle of that. Plain JavaScript on the built driver, since Node 20 runs no TypeScript.
//
//   node storage-process.mjs updates|blobs ROOT NAME COUNT
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { newUploadId } from '../../dist/oci/upload-id.js';
import { openFilesystemStore } from '../../dist/storage/filesystem/filesystem-store.js';

const [mode, root, name, count] = process.argv.slice(2);
const writersAtOnce = 4;
const store = await openFilesystemStore(root, { log: { warn: () => {} } });
const actions = { updates: addEntry, blobs: pushBlob };
const startedAtMs = Date.now();
let next = 0;

await Promise.all(Array.from({ length: writersAtOnce }, writer));
await store.close();

async function writer() {
  while (next < Number(count)) {
    const id = `${name}-${next}`;
    next += 1;
    const acknowledged = await actions[mode](id);
    process.stdout.write(`${acknowledged} ${Date.now() - startedAtMs}\n`);
  }
}

/** One line more in index.json, and a blob that it names. */
async function addEntry(id) {
  const { previous } = await store.update('team/app/index.json', async (now) => ({
    bytes: Buffer.concat([now === undefined ? Buffer.alloc(0) : (await now.read()).bytes, Buffer.from(`${id}\n`)]),
    first: [{ key: `team/app/blobs/sha256/${id}`, bytes: Buffer.from(id.repeat(500)) }],
    record: (label) => [{ key: '.moorage/journal/team/app/.journal', bytes: Buffer.from(`${label}\n`) }],
    remove: [],
  }));
  await previous?.close();
  return id;
}

/** A blob of up to 3 MiB in two appends, under the name of its digest. */
async function pushBlob(id) {
  const bytes = Buffer.alloc(1 + ((Math.random() * 3) << 20), `${id} `);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const staged = await store.stage(newUploadId(), { digest });
  const middle = bytes.byteLength >> 1;
  for (const half of [bytes.subarray(0, middle), bytes.subarray(middle)]) {
    const size = await staged.append(Readable.from([half]), {
      signal: new AbortController().signal,
      onChunk: () => {},
    });
    process.stdout.write(`staged:${staged.id}:${size} 0\n`);
  }
  await staged.commit(`team/app/blobs/sha256/${digest}`);
  process.stdout.write(`ended:${staged.id} 0\n`);
  return digest;
}
