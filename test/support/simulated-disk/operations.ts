// What clients do in the tests of power cuts, and what must hold once each was acknowledged.

import { constants } from 'node:fs';
import { posix } from 'node:path';
import type { Digest } from '../../../src/oci/digest.ts';
import { RegistryError } from '../../../src/oci/error-code.ts';
import { parseReference, parseRepositoryName, parseTag } from '../../../src/oci/reference.ts';
import { untold } from '../../../src/registry/collection-events.ts';
import type { Registry } from '../../../src/registry/registry.ts';
import { rollBack } from '../../../src/registry/rollbacks.ts';
import type { SystemCalls } from '../../../src/storage/filesystem/system-calls.ts';
import { type Content, type Image, imageManifest } from '../content.ts';
import { chunkOf, noChunk, pushBlob, pushManifest, rangeAt } from '../pushes.ts';
import { type Running, rootOnDisk } from './registry-on-disk.ts';

const { O_CREAT, O_TRUNC, O_WRONLY } = constants;

/** What was acknowledged: tags, blobs, referrers of each repository. Changed by copies alone. */
export interface Acknowledged {
  readonly tags: ReadonlyMap<string, Content | undefined>;
  readonly blobs: ReadonlyMap<string, Content | undefined>;
  /** By the digest of the subject. */
  readonly referrers: ReadonlyMap<string, readonly Digest[]>;
  /** Uploads that outlive a power cut, with at least so many bytes. */
  readonly uploads: ReadonlyMap<string, number>;
}

export const nothing: Acknowledged = { tags: new Map(), blobs: new Map(), referrers: new Map(), uploads: new Map() };

export interface Operation {
  readonly name: string;
  run(registry: Registry, running: Running): Promise<void>;
  /** What holds once it is acknowledged. */
  after(before: Acknowledged): Acknowledged;
}

export const repositoryOf = (registry: Registry, name: string) => registry.writable(parseRepositoryName(name));

export function withTag(before: Acknowledged, name: string, content: Content | undefined): Acknowledged {
  return { ...before, tags: new Map(before.tags).set(name, content) };
}

function withBlob(before: Acknowledged, name: string, content: Content | undefined): Acknowledged {
  return { ...before, blobs: new Map(before.blobs).set(`${name}@${content?.digest}`, content) };
}

export function pushesBlob(name: string, content: Content, how: 'at once' | 'in chunks' = 'at once'): Operation {
  return {
    name: `push blob ${how}`,
    run: async (registry) => {
      const repository = await repositoryOf(registry, name);
      if (how === 'at once') {
        await pushBlob(repository, content);
        return;
      }
      const { id } = await repository.uploads.start({});
      const half = content.bytes.byteLength >> 1;
      const [first, second] = [content.bytes.subarray(0, half), content.bytes.subarray(half)];
      await repository.uploads.append(id, chunkOf(first, { range: rangeAt(0, first) }));
      await repository.uploads.append(id, chunkOf(second, { range: rangeAt(half, second) }));
      await repository.uploads.commit(id, content.digest, noChunk);
    },
    after: (before) => withBlob(before, name, content),
  };
}

/** `otherwise`: what a client does that is not given the blob. */
export function mounts(from: string, to: string, content: Content, otherwise: 'fail' | 'push' = 'fail'): Operation {
  return {
    name: 'mount blob',
    run: async (registry) => {
      const repository = await repositoryOf(registry, to);
      if (await repository.blobs.mount(content.digest, parseRepositoryName(from), { patience: 'wait' })) return;
      if (otherwise === 'fail') throw new Error('the blob was not mounted');
      await pushBlob(repository, content);
    },
    after: (before) => withBlob(before, to, content),
  };
}

/** As another program leaves an image: in place, and without a sync. It promises nothing. Without a tag it has not listed it yet. */
export function writesImage(name: string, tag: string | undefined, image: Image): Operation {
  const blobs = [image, image.config, ...image.layers];
  const entry = { ...image.descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } };
  const files: (readonly [string, Uint8Array])[] = [
    ...blobs.map(({ digest, bytes }) => [`blobs/${digest.replace(':', '/')}`, bytes] as const),
  ];
  if (tag !== undefined) {
    files.push(['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')]);
    files.push(['index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] }))]);
  }
  return {
    name: 'another program writes',
    run: async (_, { disk }) => {
      disk.foreign((calls) => {
        for (const [path, bytes] of files) {
          makeDirectories(calls, posix.dirname(`${rootOnDisk}/${name}/${path}`));
          const descriptor = calls.openSync(`${rootOnDisk}/${name}/${path}`, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
          calls.writeSync(descriptor, bytes, 0);
          calls.closeSync(descriptor);
        }
      });
      // What is moments old may still be written.
      disk.pass(60_000);
    },
    after: (before) => before,
  };
}

function makeDirectories(calls: SystemCalls, path: string): void {
  if (calls.lstatSync(path) !== undefined) return;
  makeDirectories(calls, posix.dirname(path));
  calls.mkdirSync(path, 0o755);
}

/** As clients push: what they are told to be there they do not send again. `from`: where to mount from what is not there. */
export function pushesMissing(name: string, tag: string, image: Image, from?: string): Operation {
  return {
    name: `push ${tag} with what is missing`,
    run: async (registry) => {
      const repository = await repositoryOf(registry, name);
      for (const blob of [image.config, ...image.layers]) {
        const isThere = await repository.blobs.stat(blob.digest).then(
          () => true,
          (error: unknown) => {
            if (error instanceof RegistryError && error.code === 'BLOB_UNKNOWN') return false;
            throw error;
          },
        );
        const isMounted =
          !isThere &&
          from !== undefined &&
          (await repository.blobs.mount(blob.digest, parseRepositoryName(from), { patience: 'wait' }));
        if (!isThere && !isMounted) await pushBlob(repository, blob);
      }
      await pushManifest(repository, tag, image);
    },
    after: (before) => withTag(before, `${name}:${tag}`, image),
  };
}

export function tags(name: string, tag: string, image: Content): Operation {
  return {
    name: `push ${tag}`,
    run: async (registry) => {
      await pushManifest(await repositoryOf(registry, name), tag, image);
    },
    after: (before) => withTag(before, `${name}:${tag}`, image),
  };
}

export function attaches(name: string, referrer: Content, subject: Content): Operation {
  return {
    name: 'attach referrer',
    run: async (registry) => {
      await pushManifest(await repositoryOf(registry, name), referrer.digest, referrer);
    },
    after: (before) => {
      const key = `${name}@${subject.digest}`;
      const referrers = [...(before.referrers.get(key) ?? []), referrer.digest];
      return { ...before, referrers: new Map(before.referrers).set(key, referrers) };
    },
  };
}

export function untags(name: string, tag: string): Operation {
  return {
    name: `delete tag ${tag}`,
    run: async (registry) => (await repositoryOf(registry, name)).manifests.delete(parseReference(tag)),
    after: (before) => withTag(before, `${name}:${tag}`, undefined),
  };
}

export function deletesManifest(name: string, image: Content, tagsOfIt: readonly string[]): Operation {
  return {
    name: 'delete manifest',
    run: async (registry) => (await repositoryOf(registry, name)).manifests.delete(parseReference(image.digest)),
    after: (before) => tagsOfIt.reduce((known, tag) => withTag(known, `${name}:${tag}`, undefined), before),
  };
}

export function detaches(name: string, referrer: Content, subject: Content): Operation {
  return {
    ...deletesManifest(name, referrer, []),
    after: (before) => {
      const key = `${name}@${subject.digest}`;
      const referrers = (before.referrers.get(key) ?? []).filter((digest) => digest !== referrer.digest);
      return { ...before, referrers: new Map(before.referrers).set(key, referrers) };
    },
  };
}

export function deletesBlob(name: string, content: Content): Operation {
  return {
    name: 'delete blob',
    run: async (registry) => (await repositoryOf(registry, name)).blobs.delete(content.digest),
    after: (before) => ({ ...before, blobs: new Map(before.blobs).set(`${name}@${content.digest}`, undefined) }),
  };
}

/** A long upload that is not ended: what it held is still there after a power cut. */
export function beginsLongUpload(name: string, bytes: Buffer): Operation {
  let upload = '';
  return {
    name: 'begin a long upload',
    run: async (registry) => {
      const repository = await repositoryOf(registry, name);
      const { id } = await repository.uploads.start({});
      await repository.uploads.append(id, chunkOf(bytes, { range: rangeAt(0, bytes) }));
      upload = id;
    },
    after: (before) => ({ ...before, uploads: new Map(before.uploads).set(`${name} ${upload}`, bytes.byteLength) }),
  };
}

/** Of everything that nothing leads to, however young. */
export function collects(): Operation {
  return {
    name: 'collect',
    run: async (registry) => {
      const signal = new AbortController().signal;
      await registry.collect({ ...untold, dryRun: false, graceMs: 0, onlyPushed: false, isMeant: undefined, signal });
    },
    after: (before) => ({ ...before, blobs: new Map() }),
  };
}

export function rollsBack(name: string, tag: string, to: Content): Operation {
  return {
    name: `roll back ${tag}`,
    run: async (registry) => {
      const { history, manifests } = await repositoryOf(registry, name);
      await rollBack(manifests, await history.planRollback(parseTag(tag), undefined));
    },
    after: (before) => withTag(before, `${name}:${tag}`, to),
  };
}

/** Config and layers, then the manifest under its tag. */
export function pushesImage(
  name: string,
  tag: string,
  image: Image,
  how: 'at once' | 'in chunks' = 'at once',
): readonly Operation[] {
  return [...[image.config, ...image.layers].map((blob) => pushesBlob(name, blob, how)), tags(name, tag, image)];
}

export function referrerOf(subject: Content, text: string): Image {
  return imageManifest({ subject, layers: [], annotations: { text } });
}
