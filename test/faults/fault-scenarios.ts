// What is done while calls of the driver fail: what clients do, and what goes on by itself or by a command.

import { summaryOf } from '../../src/cli/findings-text.ts';
import { checkedAtOnceBytes } from '../../src/layout/blobs/blob-checks.ts';
import { newWritingProcess } from '../../src/layout/changes/writing-process.ts';
import { ownFactsDirectory } from '../../src/layout/files/keys.ts';
import { createManifestCaches } from '../../src/layout/manifests/manifest-caches.ts';
import { BackgroundWork } from '../../src/layout/pacing/background-work.ts';
import type { OpenedMount } from '../../src/mounts/opened-mount.ts';
import { encodedOf } from '../../src/oci/digest.ts';
import { NameGlob } from '../../src/oci/name-glob.ts';
import { parseTag } from '../../src/oci/reference.ts';
import { untold } from '../../src/registry/collection-events.ts';
import type { LayoutRules } from '../../src/registry/layout-rules.ts';
import { MountedLayouts } from '../../src/registry/mounted-layouts.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { noRegistryMeters } from '../../src/registry/registry-meters.ts';
import { rollBack } from '../../src/registry/rollbacks.ts';
import { Scrub } from '../../src/registry/scrub.ts';
import { openFilesystemStore } from '../../src/storage/filesystem/filesystem-store.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { verify } from '../../src/verification/verify.ts';
import { blobOf, type Content } from '../support/content.ts';
import { noQuotas } from '../support/no-quotas.ts';
import { silentLog } from '../support/silent-log.ts';
import {
  type Acknowledged,
  mounts,
  type Operation,
  pushesBlob,
  pushesImage,
  pushesMissing,
  repositoryOf,
  tags,
  withTag,
  writesImage,
} from '../support/simulated-disk/operations.ts';
import { type Running, rootOnDisk } from '../support/simulated-disk/registry-on-disk.ts';
import { image, name, scenarios } from '../support/simulated-disk/scenarios.ts';

export interface FaultScenario {
  readonly operations: readonly Operation[];
  readonly rules?: Partial<LayoutRules>;
  /** A client that is refused in the middle of an upload may go on with it. */
  readonly keepsUploads?: boolean;
  /** What another program wrote and could not be synced is missing by the second try, and pushed with the third. */
  readonly mayMiss?: boolean;
}

const [one, two] = [image('one'), image('two')] as const;
const globs = (text: string) => [NameGlob.parse(text)].filter((glob) => glob !== undefined);
const newestOnly = { repositories: globs('**'), tags: globs('*'), keepNewest: 1 };

/** Takes the tags that rules do not save, and what nothing leads to. Fails where a repository was left as it is. */
function collectsAll(untagged: readonly string[]): Operation {
  return {
    name: 'collect',
    run: async (registry) => {
      const skipped: string[] = [];
      const [outcome] = await registry.collect({
        ...{ dryRun: false, onlyPushed: false, graceMs: 0, isMeant: undefined, signal: new AbortController().signal },
        ...untold,
        onSkipped: (repository, why) => skipped.push(`${repository}: ${why}`),
      });
      if (skipped.length > 0 || outcome === undefined || 'refusal' in outcome)
        throw new StorageError('unavailable', `not all was collected: ${skipped}`);
    },
    after: (before) =>
      untagged.reduce((known, tag) => withTag(known, tag, undefined), { ...before, blobs: new Map() } as Acknowledged),
  };
}

function rollsBackTo(tag: string, to: Content): Operation {
  return {
    name: `roll back ${tag}`,
    run: async (registry: Registry) => {
      const { history, manifests } = await repositoryOf(registry, name);
      await rollBack(manifests, await history.planRollback(parseTag(tag), { kind: 'digest', begins: to.digest }));
    },
    after: (before) => withTag(before, `${name}:${tag}`, to),
  };
}

/** The disk gives back other bytes from now on. */
export function rots(tag: string, content: Content): Operation {
  return {
    name: 'rot',
    run: async (_, { disk }) => {
      disk.rot(`${rootOnDisk}/${name}/blobs/sha256/${encodedOf(content.digest)}`);
      // What is moments old may still be written, and is read again and again.
      disk.pass(3_600_000);
    },
    after: (before) => withTag(before, `${name}:${tag}`, undefined),
  };
}

/** As `moorage verify --repair`. */
export function repairs(tag: string, content: Content): Operation {
  return {
    name: 'repair',
    run: async (_, running) => {
      const open = async () => [await mountOfAnotherProcess(running)];
      const found = await verify({
        target: { path: undefined, within: undefined, reference: undefined },
        where: rootOnDisk,
        rules: running.rules,
        openToRead: open,
        repair: { openToWrite: open, source: undefined },
        now: running.clock.now,
        progress: undefined,
      });
      // As the command ends with 1.
      const { errors, warnings } = summaryOf(found.parts);
      const failed = found.repairs.find(({ outcome }) => outcome !== 'mended');
      if (errors + warnings > 0 || failed !== undefined)
        throw new StorageError('unavailable', failed?.detail ?? 'something is still wrong');
    },
    after: (before) => withTag(before, `${name}:${tag}`, content),
  };
}

function scrubs(): Operation {
  return {
    name: 'scrub',
    run: async (_, running) => {
      const { rules, clock } = running;
      const mount = await mountOfAnotherProcess(running);
      const process = newWritingProcess();
      const background = new BackgroundWork(silentLog);
      const common = { clock, log: silentLog, rules };
      const caches = createManifestCaches();
      const mounted = new MountedLayouts(mount, {
        ...common,
        caches,
        background,
        process,
        checkedAtOnceBytes,
        quotas: noQuotas,
      });
      const scrub = new Scrub({ ...common, meters: noRegistryMeters, mounts: () => [mounted], process: process.id });
      try {
        await scrub.round();
      } finally {
        await scrub.close();
        await background.close();
        await mounted.close();
      }
    },
    after: (before) => before,
  };
}

async function mountOfAnotherProcess({ mount, disk }: Running): Promise<OpenedMount> {
  const store = await openFilesystemStore(rootOnDisk, { log: silentLog, calls: disk.calls });
  // Without its path: whoever lists the directory there would list that of this machine.
  return { ...mount, path: '', reader: store, writer: store, facts: { store, directory: ownFactsDirectory } };
}

const inPieces = new Set(['an image is pushed in chunks', 'a long upload begins']);
/** Told here with a collection that must not leave anything, a rollback that may be tried again, and a mount that may be a push. */
const notHere = new Set([
  'what nothing leads to is collected',
  'a deleted manifest is rolled back to',
  'a layer is mounted',
]);

export const faultScenarios: Readonly<Record<string, FaultScenario>> = {
  ...Object.fromEntries(
    Object.entries(scenarios)
      .filter(([each]) => !notHere.has(each))
      .map(([each, operations]) => [each, { operations, keepsUploads: inPieces.has(each) }]),
  ),
  'layers are mounted': {
    operations: [
      ...pushesImage(name, 'v1', one),
      pushesMissing('team/other', 'v1', one, name),
      tags('team/other', 'v2', one),
    ],
  },
  'another program wrote an image': {
    mayMiss: true,
    operations: [
      writesImage(name, 'theirs', one),
      pushesMissing(name, 'v1', one),
      pushesMissing('team/other', 'v1', one, name),
      pushesMissing(name, 'v2', one),
    ],
  },
  'a layer is mounted alone': {
    operations: [
      ...pushesImage(name, 'v1', one),
      ...one.layers.map((layer) => mounts(name, 'team/other', layer, 'push')),
    ],
  },
  'a damaged manifest is mended, and that is all': {
    operations: [
      ...pushesImage(name, 'v1', one),
      ...pushesImage('team/other', 'v1', one),
      rots('v1', one),
      repairs('v1', one),
    ],
  },
  'another program lists an image': {
    mayMiss: true,
    operations: [writesImage(name, 'v1', one), pushesMissing(name, 'v1', one)],
  },
  'what nothing leads to is collected': {
    operations: [...pushesImage(name, 'v1', one), pushesBlob(name, blobOf('of nothing')), collectsAll([])],
  },
  'tags go by a rule': {
    operations: [...pushesImage(name, 'v1', one), ...pushesImage(name, 'v2', two), collectsAll([`${name}:v1`])],
    rules: { retention: [newestOnly], untagged: 1_000 },
  },
  'a tag is rolled back': {
    operations: [...pushesImage(name, 'v1', one), ...pushesImage(name, 'v1', two), rollsBackTo('v1', one)],
  },
  'a damaged manifest is mended': {
    operations: [
      ...pushesImage(name, 'v1', one),
      ...pushesImage('team/other', 'v1', one),
      rots('v1', one),
      repairs('v1', one),
      tags(name, 'v2', one),
    ],
  },
  'all blobs are read again': {
    operations: [...pushesImage(name, 'v1', one), scrubs(), scrubs()],
    rules: { scrub: { everyMs: 1_000, bytesPerSecond: 1e9 } },
  },
};
