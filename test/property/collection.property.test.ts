// Collections beside pushes, mounts, deletes, and other programs, in any order of their single calls: what somebody leads to is never
// deleted, whoever was told that a blob is there can list it, and in the end nothing else is left.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.ts';
import { RegistryError } from '../../src/oci/error-code.ts';
import { parseReference } from '../../src/oci/reference.ts';
import type { CollectionOptions } from '../../src/registry/collection.ts';
import { untold } from '../../src/registry/collection-events.ts';
import type { Registry } from '../../src/registry/registry.ts';
import type { WritableRepository } from '../../src/registry/repository.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../src/storage/object-store.ts';
import { blobOf, type Image, imageIndex, imageManifest, referrerOf } from '../support/content.ts';
import { digestAt, pushBlob, pushManifest } from '../support/pushes.ts';
import { RecordedLog, registryOver } from '../support/registry-under-test.ts';
import { TestClock } from '../support/test-clock.ts';

const graceMs = 3_600_000;
const layers = ['base', 'middle', 'top'].map((text) => blobOf(text));
const config = blobOf('{"config":1}', 'application/vnd.oci.image.config.v1+json');
/** They share layers, and one refers to another. */
const images: readonly Image[] = [
  imageManifest({ config, layers: layers.slice(0, 1) }),
  imageManifest({ config, layers: layers.slice(0, 2) }),
  imageManifest({ config, layers: layers.slice(1) }),
];
const signature = referrerOf(images[1] as Image, 'application/signature');
const all: readonly Image[] = [...images, signature];
const names = ['one', 'two'] as const;

type Name = (typeof names)[number];
type Step =
  | { readonly does: 'push' | 'oras' | 'raw'; readonly name: Name; readonly image: number }
  | { readonly does: 'index'; readonly name: Name }
  | { readonly does: 'mount'; readonly name: Name; readonly from: Name; readonly image: number }
  | { readonly does: 'untag' | 'remove' | 'orasRemove'; readonly name: Name; readonly image: number };

const name = fc.constantFrom(...names);
const image = fc.nat(all.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('push' as const), name, image }) },
  fc.record({ does: fc.constant('oras' as const), name, image }),
  fc.record({ does: fc.constant('raw' as const), name, image }),
  fc.record({ does: fc.constant('index' as const), name }),
  fc.record({ does: fc.constant('mount' as const), name, from: name, image }),
  fc.record({ does: fc.constantFrom('untag' as const, 'remove' as const, 'orasRemove' as const), name, image }),
);

const blobKey = (of: string, digest: Digest) => `${of}/blobs/${digest.replace(':', '/')}` as Key;
const indexKey = (of: string) => `${of}/index.json` as Key;

interface Entry {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly annotations?: Record<string, string>;
}

class World {
  readonly clock = new TestClock();
  readonly memory = new MemoryStore(() => this.clock.now());
  readonly registries: readonly Registry[];
  readonly #servers: readonly ReturnType<typeof registryOver>[];

  /** Two servers; each call of theirs waits for its turn. */
  constructor(turn: () => Promise<void>) {
    const store = inTurns(this.memory, turn);
    const collection = { everyMs: 'off', graceMs } as const;
    const serve = () =>
      registryOver(store, this.clock, { collection, keepLeftMs: 0 }, new RecordedLog(), {
        collects: true,
        origin: 'created',
      });
    this.#servers = [serve(), serve()];
    this.registries = this.#servers.map(({ registry }) => registry);
  }

  at(server: number, of: Name): WritableRepository {
    const found = this.#servers[server];
    if (found === undefined) throw new Error('no such server');
    return found.repository(of);
  }

  async collect(server: number): Promise<void> {
    const options: CollectionOptions = {
      ...untold,
      dryRun: false,
      graceMs,
      onlyPushed: false,
      isMeant: undefined,
      signal: new AbortController().signal,
      onSkipped: (repository, why) => {
        // Somebody is in the middle of writing there.
        if (!why.includes('being written')) throw new Error(`${repository}: ${why}`);
      },
    };
    await this.registries[server]?.collect(options);
  }

  /** One step of a client, or of another program that works in the directory itself. */
  async run(server: number, each: Step, turn: () => Promise<void>): Promise<void> {
    const repository = this.at(server, each.name);
    if (each.does === 'index') return this.#pushIndex(repository);
    const content = all[each.image] as Image;
    const tag = `v${each.image}`;
    switch (each.does) {
      case 'push':
        return this.#push(repository, content, tag);
      case 'mount': {
        for (const blob of [content.config, ...content.layers]) {
          const isThere = await repository.blobs.mount(blob.digest, each.from as never);
          if (!isThere) await pushBlob(repository, blob);
        }
        await pushManifest(repository, tag, content);
        return;
      }
      case 'untag':
        return unlessMissing(repository.manifests.delete(parseReference(tag)));
      case 'remove':
        return unlessMissing(repository.manifests.delete(parseReference(content.digest)));
      case 'oras':
      case 'raw':
        this.#writeUnlisted(each.name, content);
        if (each.does === 'raw') return;
        // Other things happen between the last blob and index.json, which is written at the end.
        await turn();
        return this.#edit(each.name, (entries) => [
          ...entries.filter((entry) => refNameOf(entry) !== tag),
          { ...content.descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } },
        ]);
      case 'orasRemove':
        return this.#edit(each.name, (entries) => entries.filter((entry) => refNameOf(entry) !== tag));
    }
  }

  /** As crane and oras do it: they ask for each blob and, told that it is there, do not push it. None of this may be refused. */
  async #push(repository: WritableRepository, content: Image, tag: string): Promise<void> {
    for (const blob of [content.config, ...content.layers]) {
      const isThere = await repository.blobs.stat(blob.digest).then(
        () => true,
        () => false,
      );
      if (!isThere) await pushBlob(repository, blob);
    }
    await pushManifest(repository, tag, content);
    await this.#expectWhole(repository.name as Name, content);
  }

  /** Of what HEAD says is there. */
  async #pushIndex(repository: WritableRepository): Promise<void> {
    const there: Image[] = [];
    for (const each of images) {
      const isThere = await repository.manifests.stat(parseReference(each.digest)).then(
        () => true,
        () => false,
      );
      if (isThere) there.push(each);
    }
    // Refused where somebody deleted one by its digest meanwhile.
    await pushManifest(repository, 'index', imageIndex({ manifests: there })).catch((error: unknown) => {
      const codes: readonly unknown[] = ['MANIFEST_BLOB_UNKNOWN', 'UNAVAILABLE'];
      if (!(error instanceof RegistryError && codes.includes(error.code))) throw error;
    });
  }

  async #expectWhole(of: Name, content: Image): Promise<void> {
    for (const { digest } of [content, content.config, ...content.layers]) {
      const isListed = (await this.entries(of)).some((entry) => entry.digest === content.digest);
      // Deleted again by somebody else since.
      if (!isListed) return;
      expect(await this.memory.stat(blobKey(of, digest)), `${of} ${digest}`).toBeDefined();
    }
  }

  /** Blobs that are there are not written again. All at once: what is found so and listed much later no collector can know of. */
  #writeUnlisted(of: Name, content: Image): void {
    for (const each of [content.config, ...content.layers, content]) {
      const key = blobKey(of, each.digest);
      void this.memory.stat(key).then((info) => info ?? this.memory.write(key, each.bytes));
    }
  }

  /** Reads and writes in one go: what stale copies do to each other is another test's matter. */
  async #edit(of: Name, change: (entries: readonly Entry[]) => readonly Entry[]): Promise<void> {
    const object = await this.memory.read(indexKey(of), 1_000_000);
    const index = object === undefined ? { schemaVersion: 2 } : JSON.parse(Buffer.from(object.bytes).toString());
    const manifests = change(index.manifests ?? []);
    await this.memory.write(indexKey(of), Buffer.from(JSON.stringify({ ...index, manifests })));
  }

  async entries(of: Name): Promise<readonly Entry[]> {
    const object = await this.memory.read(indexKey(of), 1_000_000);
    return object === undefined ? [] : (JSON.parse(Buffer.from(object.bytes).toString()).manifests ?? []);
  }

  /** Everything that index.json leads to, and what refers to that. */
  async needed(of: Name): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    const pending: string[] = (await this.entries(of)).map(({ digest }) => digest);
    for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
      if (found.has(digest)) continue;
      found.add(digest);
      const object = await this.memory.read(blobKey(of, digest as Digest), 1_000_000);
      for (const [, each] of Buffer.from(object?.bytes ?? [])
        .toString()
        .matchAll(/"digest":"([^"]+)"/g)) {
        if (each !== undefined) pending.push(each);
      }
      if (
        digest === (images[1] as Image).digest &&
        (await this.memory.stat(blobKey(of, signature.digest))) !== undefined
      )
        pending.push(signature.digest);
    }
    return found;
  }

  async stored(prefix: string): Promise<readonly string[]> {
    return (await this.memory.list(`${prefix}/sha256` as Key)).map(({ name: each }) => `sha256:${each}`);
  }
}

const refNameOf = ({ annotations }: Entry) => annotations?.['org.opencontainers.image.ref.name'];

async function unlessMissing(work: Promise<unknown>): Promise<void> {
  await work.catch(() => undefined);
}

function inTurns(inner: ObjectStore, turn: () => Promise<void>): ObjectStore {
  return new Proxy(inner, {
    get: (target, member) => {
      const value: unknown = Reflect.get(target, member, target);
      if (typeof value !== 'function') return value;
      return async (...parameters: unknown[]) => {
        await turn();
        return value.apply(target, parameters);
      };
    },
  });
}

const story = fc.record({
  before: fc.array(step, { minLength: 2, maxLength: 8 }),
  actors: fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  collectors: fc.integer({ min: 1, max: 2 }),
});

it('deletes nothing that is needed, and in the end everything else', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.scheduler(), async ({ before, actors, collectors }, scheduler) => {
      let isFree = true;
      const turn = async () => {
        if (!isFree) await scheduler.schedule(Promise.resolve());
      };
      const world = new World(turn);
      // What nobody ever pushed to through us, and has no index.json, is not ours to judge.
      for (const of of names) await world.run(0, { does: 'push', name: of, image: 0 }, turn);
      for (const each of before) await world.run(0, each, turn);
      world.clock.advance(2 * graceMs);
      isFree = false;
      const work = [
        ...actors.map(async (steps, at) => {
          for (const each of steps) await world.run(at % 2, each, turn);
        }),
        ...Array.from({ length: collectors }, (_, at) => world.collect(at)),
      ];
      const done = Promise.all(work);
      await scheduler.waitFor(done);
      isFree = true;
      for (const of of names) {
        for (const entry of await world.entries(of)) {
          // A child or a subject may have been deleted by its digest, or never have been pushed.
          const listed = all.find(({ digest }) => digest === entry.digest);
          for (const { digest } of listed === undefined ? [] : [listed, listed.config, ...listed.layers])
            expect(await world.memory.stat(blobKey(of, digest)), `${of} needs ${digest}`).toBeDefined();
          const tag = refNameOf(entry);
          if (tag !== undefined) expect(await digestAt(world.at(0, of), tag)).toBe(entry.digest);
        }
      }
      // Nobody does anything any more.
      for (const server of [0, 1]) {
        world.clock.advance(2 * graceMs);
        await world.collect(server);
      }
      for (const of of names) {
        const needed = await world.needed(of);
        for (const digest of await world.stored(`${of}/blobs`)) expect(needed).toContain(digest);
      }
      const everywhere = new Set((await Promise.all(names.map((of) => world.stored(`${of}/blobs`)))).flat());
      for (const pooled of await world.stored('.moorage/pool')) expect(everywhere).toContain(pooled);
      for (const of of names) expect(await world.stored(`.moorage/trash/${of}/blobs`)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
