// The history of tags is what happened: whoever pushes and deletes, through which of two servers, whatever another program writes into
// the directory meanwhile, and wherever a note is lost.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TagMove } from '../../src/layout/history/tag-move.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { RegistryError } from '../../src/oci/error-code.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { systemCalls } from '../../src/storage/filesystem/system-calls.ts';
import { imageManifest } from '../support/content.ts';
import { digestAt, pushManifest, tagsOf } from '../support/pushes.ts';
import { type DirectoryRegistry, directoryRegistry } from '../support/registry-under-test.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { TestClock } from '../support/test-clock.ts';

const tag = fc.constantFrom('v1', 'v2', 'v3');
const server = fc.constantFrom(0, 1);
const isLost = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true));
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), server, tag, isLost }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('untag' as const), server, tag, isLost }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), server, tag, isLost }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('foreign move' as const), tag }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('foreign delete' as const), tag }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale copy' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), server }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('clock' as const), ms: fc.constantFrom(7_200_000, -3e11, 3e11) }),
  },
);

interface Entry {
  digest: string;
  annotations?: Record<string, string>;
}

/** Two servers on a directory. `acknowledged` are the pushes, by number, that were noted at once. */
class Site {
  readonly acknowledged: number[] = [];
  readonly pushed: Digest[] = [];
  readonly #root: string;
  readonly #clock = new TestClock();
  readonly #servers: DirectoryRegistry[] = [];
  #loses = false;
  #before: Buffer | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  async start(at: number): Promise<void> {
    const calls = {
      writeSync: (descriptor: number, bytes: Uint8Array, offset: number) => {
        if (this.#loses && Buffer.from(bytes).includes('"seen"'))
          throw Object.assign(new Error('no'), { code: 'EIO', syscall: 'write' });
        return systemCalls.writeSync(descriptor, bytes, offset);
      },
    };
    this.#servers[at] = await directoryRegistry({ root: this.#root, clock: this.#clock, calls });
  }

  async stop(at: number): Promise<void> {
    await this.#servers[at]?.registry.close();
  }

  repository(at: number) {
    const found = this.#servers[at]?.repository();
    if (found === undefined) throw new Error('no such server');
    return found;
  }

  async run(each: Operation): Promise<void> {
    if (each.kind === 'restart') {
      await this.stop(each.server);
      return this.start(each.server);
    }
    if (each.kind === 'clock') return this.#clock.step(each.ms);
    if ('server' in each) return this.#ours(each);
    this.#foreign(each);
    // A file system's clock is coarse: what is written twice in a tick looks the same.
    await sleep(20);
  }

  async #ours({ kind, server: at, tag: name, isLost: loses }: OurOperation): Promise<void> {
    this.#before = this.#index();
    const repository = this.repository(at);
    const meant = await digestAt(repository, name);
    this.#loses = loses;
    try {
      if (kind === 'push') {
        const image = imageManifest({ annotations: { n: String(this.pushed.length) } });
        this.pushed.push(image.digest);
        await pushManifest(repository, name, image);
      } else {
        const reference = kind === 'remove' ? meant : name;
        if (reference !== undefined) await repository.manifests.delete(parseReference(reference));
      }
      if (!loses && kind === 'push') this.acknowledged.push(this.pushed.length - 1);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
    } finally {
      this.#loses = false;
    }
  }

  #foreign(each: Exclude<Operation, OurOperation>): void {
    const now = this.#index();
    if (now === undefined) return;
    if (each.kind === 'stale copy') {
      if (this.#before !== undefined) this.#write(this.#before);
      return;
    }
    if (!('tag' in each)) return;
    const index = JSON.parse(now.toString()) as { manifests: Entry[] };
    const isMeant = (entry: Entry) => entry.annotations?.['org.opencontainers.image.ref.name'] === each.tag;
    if (each.kind === 'foreign delete') index.manifests = index.manifests.filter((entry) => !isMeant(entry));
    else {
      const other = index.manifests.find((entry) => !isMeant(entry))?.digest;
      for (const entry of index.manifests) if (isMeant(entry) && other !== undefined) entry.digest = other;
    }
    this.#write(Buffer.from(JSON.stringify(index)));
  }

  get #path(): string {
    return `${this.#root}/team/app/index.json`;
  }

  #index(): Buffer | undefined {
    try {
      return readFileSync(this.#path);
    } catch {
      // Nothing was pushed yet.
      return undefined;
    }
  }

  #write(bytes: Buffer): void {
    writeFileSync(this.#path, bytes);
  }
}

type Operation = typeof operation extends fc.Arbitrary<infer Each> ? Each : never;
type OurOperation = Extract<Operation, { isLost: boolean }>;

/** What tags mean when all moves are made one after the other. */
function replayed(moves: readonly TagMove[]): readonly (readonly [string, string])[] {
  const tags = new Map<string, string>();
  for (const { tag: name, to } of moves) {
    if (to === undefined) tags.delete(name);
    else tags.set(name, to.digest);
  }
  return [...tags].sort(([one], [other]) => (one < other ? -1 : 1));
}

it('replays to what the tags mean, and has each acknowledged push, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 14 }), async (operations) => {
      const site = new Site(await temporaryDirectory());
      for (const at of [0, 1]) await site.start(at);
      // Before anything of ours is there, another program's tags are no moves.
      await site.run({ kind: 'push', server: 0, tag: 'v1', isLost: false });
      for (const each of operations) {
        await site.run(each);
        for (const at of [0, 1]) {
          // A heal may be under way: then both are as they will be in a moment.
          await expect.poll(() => differenceAt(site, at), { timeout: 60_000, interval: 20 }).toBeUndefined();
        }
      }
      const { moves } = await site.repository(0).history.of();
      const pushes = moves.filter(({ how, to }) => how === 'push' && to !== undefined);
      // Where a note was lost, what a heal put back meanwhile may be told as pushed once more.
      const noted = [...new Set(pushes.map(({ to }) => site.pushed.indexOf(to?.digest as Digest)))].filter(
        (at) => at >= 0,
      );
      expect(noted).toEqual(noted.toSorted((one, other) => one - other));
      expect(noted).toEqual(expect.arrayContaining(site.acknowledged));
      for (const at of [0, 1]) await site.stop(at);
    }),
    { numRuns: 12, endOnFailure: true },
  );
}, 600_000);

/** Undefined when there is none. */
async function differenceAt(site: Site, at: number): Promise<object | undefined> {
  const [shown, told] = [await shownBy(site, at), replayed((await site.repository(at).history.of()).moves)];
  return JSON.stringify(shown) === JSON.stringify(told) ? undefined : { shown, told };
}

async function shownBy(site: Site, at: number): Promise<readonly (readonly [string, string])[]> {
  const repository = site.repository(at);
  const shown: (readonly [string, string])[] = [];
  for (const name of await tagsOf(repository).catch(() => []))
    shown.push([name, (await digestAt(repository, name)) ?? 'gone']);
  return shown;
}
