// Archives in a directory of their own, opened with a log that is kept, for the tests of the archive driver.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type ArchiveStore,
  type ArchiveStoreOptions,
  openArchiveStore,
} from '../../../../src/storage/archive/archive-store.ts';
import type { Key, ObjectReader } from '../../../../src/storage/object-store.ts';
import { StorageError } from '../../../../src/storage/storage-error.ts';

export interface LogLine {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly details: object;
}

export class Archives {
  readonly lines: LogLine[] = [];
  readonly directory: string;
  readonly options: ArchiveStoreOptions;

  constructor(directory: string) {
    this.directory = directory;
    const kept = (level: LogLine['level']) => (message: string, details: object) => {
      this.lines.push({ level, message, details });
    };
    this.options = {
      log: { info: kept('info'), slow: kept('info'), warn: kept('warn') },
      workDirectory: join(directory, 'work'),
    };
  }

  get warnings(): readonly string[] {
    return this.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  }

  async write(bytes: Buffer, name = 'x.tar'): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, bytes);
    return path;
  }

  async open(bytes: Buffer, name?: string): Promise<ArchiveStore> {
    const store = await openArchiveStore(await this.write(bytes, name), this.options);
    onTestFinished(() => store.close());
    return store;
  }

  /** The refusal of an archive. */
  async refusal(bytes: Buffer, name?: string): Promise<StorageError> {
    return refusalOf(this.open(bytes, name));
  }
}

export async function newArchives(): Promise<Archives> {
  const directory = await mkdtemp(join(tmpdir(), 'moorage-archive-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return new Archives(directory);
}

export async function refusalOf(work: Promise<unknown>): Promise<StorageError> {
  const outcome: unknown = await work.then(
    () => new Error('nothing was refused'),
    (error: unknown) => error,
  );
  if (outcome instanceof StorageError) return outcome;
  throw outcome;
}

export function key(text: string): Key {
  return text as Key;
}

/** The text of an object; undefined when it is absent. */
export async function textAt(store: ObjectReader, path: string): Promise<string | undefined> {
  const object = await store.read(key(path), 100_000);
  return object && Buffer.from(object.bytes).toString();
}
