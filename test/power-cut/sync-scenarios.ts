// For each place where the filesystem driver syncs, what clients and programs do for which that sync matters: without it, a power cut takes
// away something that was acknowledged, or gives back what was deleted.
import { constants } from 'node:fs';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { encodedOf } from '../../src/oci/digest.ts';
import { newUploadId } from '../../src/oci/upload-id.ts';
import { untold } from '../../src/registry/collection-events.ts';
import type { SystemCalls } from '../../src/storage/filesystem/system-calls.ts';
import type { Key, ObjectStore, StagedObject } from '../../src/storage/object-store.ts';
import { repairs, rots } from '../faults/fault-scenarios.ts';
import type { Content } from '../support/content.ts';
import * as does from '../support/simulated-disk/operations.ts';
import { type Running, rootOnDisk } from '../support/simulated-disk/registry-on-disk.ts';
import { image, name, scenarios } from '../support/simulated-disk/scenarios.ts';
import type { SimulatedDisk } from '../support/simulated-disk/simulated-disk.ts';
import type { SiteScenario } from './sync-sites.ts';

const { O_CREAT, O_RDWR, O_WRONLY } = constants;
const one = image('one');
const [base = one.config] = one.layers;
const blobPath = (of: string, { digest }: Content) => `${of}/blobs/sha256/${encodedOf(digest)}`;

const pushed = scenarios['an image is pushed'] ?? [];
const longUpload = scenarios['a long upload begins'] ?? [];
const signature = does.referrerOf(one, 'signature');
const other = 'team/other';

/** Refused one of the syncs of that path, as a disk fails once; and done again, as whoever is refused does. */
function refusedOnce(operation: does.Operation, path: string, which = 1): does.Operation {
  return {
    ...operation,
    run: async (registry, running) => {
      const { calls } = running.disk;
      const { fsync } = calls;
      let left = which;
      calls.fsync = async (descriptor) => {
        if (calls.descriptorPathSync(descriptor) === path) left -= 1;
        if (left !== 0) return fsync(descriptor);
        left = -1;
        throw Object.assign(new Error('EIO: injected'), { code: 'EIO', syscall: 'fsync' });
      };
      try {
        await operation.run(registry, running);
      } catch (error) {
        if (left > 0) throw error;
      } finally {
        calls.fsync = fsync;
      }
      if (left > 0) throw new Error(`nothing was refused: ${operation.name}`);
      await operation.run(registry, running);
    },
  };
}

/** As where `.moorage/` is on another file system than the layouts: no link and no rename leads from one to the other. */
function acrossFileSystems(operation: does.Operation): does.Operation {
  return {
    ...operation,
    run: async (registry, running) => {
      const { calls } = running.disk;
      const { link, rename } = calls;
      const refusing = (call: typeof link, syscall: string) => async (from: string, to: string) => {
        if (isOwn(calls, from) === isOwn(calls, to)) return call(from, to);
        throw Object.assign(new Error('EXDEV: injected'), { code: 'EXDEV', syscall });
      };
      calls.link = refusing(link, 'link');
      calls.rename = refusing(rename, 'rename');
      try {
        await operation.run(registry, running);
      } finally {
        Object.assign(calls, { link, rename });
      }
    },
  };
}

function isOwn(calls: SystemCalls, path: string): boolean {
  const [, descriptor, rest = ''] = /^\/proc\/self\/fd\/(\d+)(.*)$/.exec(path) ?? [];
  const where = descriptor === undefined ? path : `${calls.descriptorPathSync(Number(descriptor))}${rest}`;
  return where.includes('/.moorage/');
}

/** Another program puts a good file of its own in the place of what was linked, in the moment after. */
function replacedWhileLinked(operation: does.Operation, blob: Content): does.Operation {
  return {
    ...operation,
    run: async (registry, running) => {
      const { calls } = running.disk;
      const { link } = calls;
      calls.link = async (from, to) => {
        await link(from, to);
        if (!to.endsWith(encodedOf(blob.digest)) || isOwn(calls, to)) return;
        writeUnsynced(running.disk, `${rootOnDisk}/theirs`, blob.bytes);
        running.disk.foreign(({ renameSync }) => renameSync(`${rootOnDisk}/theirs`, to));
      };
      try {
        await operation.run(registry, running);
      } finally {
        calls.link = link;
      }
    },
  };
}

function writeUnsynced(disk: SimulatedDisk, path: string, bytes: Uint8Array): void {
  disk.foreign((calls) => {
    const descriptor = calls.openSync(path, O_WRONLY | O_CREAT, 0o644);
    calls.writeSync(descriptor, bytes, 0);
    calls.closeSync(descriptor);
  });
}

/** By whatever uses the store: the blob is there afterwards. */
function publishes(
  blob: Content,
  work: (store: ObjectStore, running: Running) => Promise<StagedObject>,
): does.Operation {
  return {
    name: 'publish',
    run: async (_, running) => {
      const { writer: store } = running.mount;
      if (store === undefined) throw new Error('nothing can be written');
      await (await work(store, running)).commit(blobPath(name, blob) as Key);
    },
    after: (before) => ({ ...before, blobs: new Map(before.blobs).set(`${name}@${blob.digest}`, blob) }),
  };
}

const byTheStore = publishes(base, async (store) => {
  const staged = await store.stage(newUploadId(), {});
  await staged.append(Readable.from([base.bytes]), { onChunk: () => {} });
  return staged;
});

/** A process was killed after it wrote, and before it synced. */
const ofAKilledProcess = publishes(base, async (store, { disk }) => {
  const id = newUploadId();
  await store.stage(id, {});
  writeUnsynced(disk, `${rootOnDisk}/.moorage/uploads/${id}/data`, base.bytes);
  const resumed = await store.resume(id);
  if (resumed === undefined) throw new Error('the upload is gone');
  return resumed;
});

/** What a chunk that lied about its length left is taken back. */
const withoutALie = publishes(base, async (store) => {
  const staged = await store.stage(newUploadId(), {});
  await staged.append(Readable.from([base.bytes, Buffer.from('a lie')]), { onChunk: () => {} });
  await staged.truncate(base.bytes.byteLength);
  return staged;
});

/** Another program deletes the file of a manifest, durably; what was acknowledged comes back with the next collection. */
const collectorOfAnotherProgram: does.Operation = {
  name: 'another program deletes a manifest',
  run: async (_, { disk }) => {
    disk.foreign((calls) => {
      const directory = posix.dirname(`${rootOnDisk}/${blobPath(name, one)}`);
      calls.unlinkSync(`${rootOnDisk}/${blobPath(name, one)}`);
      const descriptor = calls.openSync(directory, 0, 0);
      void calls.fsync(descriptor);
      calls.closeSync(descriptor);
    });
    disk.pass(60_000);
  },
  after: (before) => does.withTag(before, `${name}:v1`, undefined),
};

const heals: does.Operation = {
  name: 'heal',
  run: async (registry) => {
    const signal = new AbortController().signal;
    const options = { dryRun: false, graceMs: 86_400_000, onlyPushed: false, isMeant: undefined, signal };
    await registry.collect({ ...untold, ...options });
  },
  after: (before) => does.withTag(before, `${name}:v1`, one),
};

/** So large that what it displaces is written to again. */
const largeIndexOfAnotherProgram: does.Operation = {
  name: 'another program annotates the index',
  run: async (_, { disk }) => {
    const path = `${rootOnDisk}/${name}/index.json`;
    disk.foreign((calls) => {
      const descriptor = calls.openSync(path, O_RDWR, 0);
      const bytes = Buffer.alloc(calls.fstatSync(descriptor).size);
      calls.readSync(descriptor, bytes, 0, bytes.byteLength, 0);
      const index: object = JSON.parse(bytes.toString());
      const annotated = { ...index, annotations: { 'com.example.note': 'x'.repeat(80_000) } };
      calls.writeSync(descriptor, Buffer.from(JSON.stringify(annotated)), 0);
      void calls.fsync(descriptor);
      calls.closeSync(descriptor);
    });
    disk.pass(60_000);
  },
  after: (before) => before,
};

const inBlobs = `${rootOnDisk}/${name}/blobs/sha256`;

export const siteScenarios: Readonly<Record<string, SiteScenario>> = {
  'Directories.syncOwed': {
    operations: [...pushed, collectorOfAnotherProgram, refusedOnce(heals, inBlobs)],
  },
  'Directories.#syncAll': { operations: pushed },
  'DurableFiles.written': { operations: pushed },
  'DurableFiles.redraft': {
    operations: [...pushed, largeIndexOfAnotherProgram, ...['v2', 'v3', 'v4'].map((tag) => does.tags(name, tag, one))],
    exchanges: true,
  },
  'DurableFiles.publish': { operations: pushed },
  'DurableFiles.#copy': { operations: [acrossFileSystems(byTheStore)] },
  'FilesystemStore.settle': {
    operations: [
      ...pushed,
      ...does.pushesImage(other, 'v1', one),
      rots('v1', one),
      // The first is of what an earlier repair may have left.
      refusedOnce(repairs('v1', one), inBlobs, 2),
    ],
  },
  tryLink: { operations: [does.writesImage(name, undefined, one), does.mounts(name, other, base)] },
  linked: { operations: [does.pushesBlob(name, base), does.mounts(name, other, base)] },
  assertFile: {
    operations: [does.pushesBlob(name, base), replacedWhileLinked(does.pushesBlob(other, base), base)],
  },
  replaceFound: { operations: pushed },
  finish: {
    operations: [
      ...pushed,
      does.pushesBlob(name, signature.config),
      does.attaches(name, signature, one),
      does.detaches(name, signature, one),
    ],
    rules: { scan: 'lazy' },
  },
  create: { operations: pushed },
  createIn: { operations: [does.pushesBlob(name, base)] },
  deleteFile: { operations: [does.pushesBlob(name, base), does.deletesBlob(name, base)] },
  'syncFile 1': { operations: [does.writesImage(name, undefined, one), does.tags(name, 'v1', one)] },
  'syncFile 2': { operations: [does.writesImage(name, undefined, one), does.mounts(other, name, base)] },
  'StagedFile.truncate': { operations: [withoutALie] },
  'StagedFile.commit': { operations: [ofAKilledProcess] },
  'StagedFile.#sinkOf': { operations: longUpload },
  'StagedFile.#syncEntries 1': { operations: longUpload },
  'StagedFile.#syncEntries 2': { operations: longUpload },
};
