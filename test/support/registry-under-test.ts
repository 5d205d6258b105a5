// A registry over a store in memory or over a directory, with a clock that the test moves; closed when the test ends.
import { onTestFinished } from 'vitest';
import type { LayoutChanges } from '../../src/layout/changes/layout-changes.ts';
import type { ImageLayout } from '../../src/layout/image-layout.ts';
import { parseRepositoryName, type RepositoryName } from '../../src/oci/reference.ts';
import type { LayoutRules } from '../../src/registry/layout-rules.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { WritableRepository } from '../../src/registry/repository.ts';
import { openFilesystemStore } from '../../src/storage/filesystem/filesystem-store.ts';
import { type SystemCalls, systemCalls } from '../../src/storage/filesystem/system-calls.ts';
import type { Log } from '../../src/storage/log.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import type { RequestTurns } from '../../src/storage/request-turns.ts';
import { type MountOptions, mountOver } from './mounts.ts';
import { defaultRules } from './rules.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { TestClock } from './test-clock.ts';

export type RegistryTestOptions = Partial<LayoutRules> & Pick<MountOptions, 'readOnly'>;

/** Keeps what would have been logged. */
export class RecordedLog implements Log {
  readonly lines: { readonly message: string; readonly details: object }[] = [];

  slow(): void {}

  info(message: string, details: object): void {
    this.lines.push({ message, details });
  }

  warn(message: string, details: object): void {
    this.lines.push({ message, details });
  }
}

export interface RegistryUnderTest {
  readonly registry: Registry;
  readonly store: ObjectStore;
  readonly clock: TestClock;
  readonly log: RecordedLog;
  /** `team/app` unless another name is given. */
  repository(name?: string): WritableRepository;
  /** Another registry on the same objects: what the next process finds, or a second server beside this one. */
  another(options?: RegistryTestOptions): Promise<RegistryUnderTest>;
}

export const repositoryUnderTest = 'team/app';

export interface MemoryRegistry extends RegistryUnderTest {
  readonly store: MemoryStore;
}

export async function memoryRegistry(options: RegistryTestOptions = {}): Promise<MemoryRegistry> {
  const clock = new TestClock();
  return overMemory(new MemoryStore(() => clock.now()), clock, options);
}

function overMemory(store: MemoryStore, clock: TestClock, options: RegistryTestOptions): MemoryRegistry {
  return {
    ...registryOver(store, clock, options),
    store,
    another: async (others = options) => overMemory(store, clock, others),
  };
}

export interface DirectoryRegistry extends RegistryUnderTest {
  /** The directory that holds the layouts. */
  readonly root: string;
  another(options?: DirectoryOptions): Promise<DirectoryRegistry>;
}

export interface DirectoryOptions extends RegistryTestOptions {
  readonly root?: string;
  /** System calls that do something else, e.g. fail. */
  readonly calls?: Partial<SystemCalls>;
  readonly clock?: TestClock;
  readonly turns?: RequestTurns;
}

export async function directoryRegistry(options: DirectoryOptions = {}): Promise<DirectoryRegistry> {
  const { root = await temporaryDirectory(), clock = new TestClock(), calls, turns } = options;
  const log = new RecordedLog();
  const store = await openFilesystemStore(root, { log, calls: { ...systemCalls, ...calls } });
  return {
    ...registryOver(store, clock, options, log, {}, turns),
    root,
    another: (others = {}) => directoryRegistry({ root, clock, ...others }),
  };
}

/** For `describe.each`: what holds for every driver. */
export const onEveryDriver: readonly (readonly [
  name: string,
  open: (options?: RegistryTestOptions) => Promise<RegistryUnderTest>,
])[] = [
  ['in memory', memoryRegistry],
  ['in a directory', directoryRegistry],
];

/** What changes a layout of a registry that takes pushes. */
export function changesOf({ changes }: ImageLayout): LayoutChanges {
  if (changes === undefined) throw new Error('the layout takes no changes');
  return changes;
}

/** A registry over any store. */
export function registryOver(
  store: ObjectStore,
  clock = new TestClock(),
  options: RegistryTestOptions = {},
  log = new RecordedLog(),
  mount: MountOptions = {},
  turns?: RequestTurns,
): Omit<RegistryUnderTest, 'another'> {
  const { readOnly = false, ...own } = options;
  const rules = { ...defaultRules, uploadsExpireAfterMs: 60_000, ...own };
  const mounts = [mountOver(store, { readOnly, ...mount })];
  const registry = new Registry({ mounts, log, clock, rules, ...(turns && { turns }) });
  onTestFinished(() => registry.close());
  return {
    registry,
    store,
    clock,
    log,
    repository: (name = repositoryUnderTest) => located(registry, parseRepositoryName(name)),
  };
}

/** A repository that is looked up by each call, as the routes do it. */
function located(registry: Registry, name: RepositoryName): WritableRepository {
  const noun = <
    Noun extends 'blobs' | 'uploads' | 'manifests' | 'tags' | 'referrers' | 'history' | 'removals' | 'state',
  >(
    which: Noun,
  ) =>
    new Proxy({} as WritableRepository[Noun], {
      get:
        (_, verb: string) =>
        async (...values: unknown[]) => {
          const found = ((await registry.repository(name)) as WritableRepository)[which] as unknown as Record<
            string,
            Verb
          >;
          return found[verb]?.(...values);
        },
    });
  return {
    name,
    blobs: noun('blobs'),
    uploads: noun('uploads'),
    manifests: noun('manifests'),
    tags: noun('tags'),
    referrers: noun('referrers'),
    history: noun('history'),
    removals: noun('removals'),
    state: noun('state'),
  };
}

type Verb = (...values: unknown[]) => unknown;
