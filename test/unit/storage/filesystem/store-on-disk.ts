// A filesystem store in a directory of its own, with system calls that a test may replace or watch.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FileTree } from '../../../../src/storage/filesystem/file-tree.ts';
import { type FilesystemReader, openFilesystemReader } from '../../../../src/storage/filesystem/filesystem-reader.ts';
import {
  type FilesystemStore,
  type FilesystemStoreOptions,
  openFilesystemStore,
} from '../../../../src/storage/filesystem/filesystem-store.ts';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { silentLog } from '../../../support/silent-log.ts';

export interface StoreOnDisk {
  readonly store: FilesystemStore;
  readonly root: string;
  readonly warnings: string[];
  /** The path of a key. */
  at(key: string): string;
}

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'moorage-unit-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** `replaced` stand in for the real calls. Exchanges are off unless a test is about them: not every machine has them. */
export async function storeOnDisk(
  replaced: Partial<SystemCalls> = {},
  options: Partial<FilesystemStoreOptions> = {},
  root = newDirectory(),
): Promise<StoreOnDisk> {
  const warnings: string[] = [];
  const log = { info: () => {}, slow: () => {}, warn: (message: string) => void warnings.push(message) };
  const calls = { ...systemCalls, exchangeSync: () => false, ...withPaths(replaced) };
  const store = await openFilesystemStore(root, { log, calls, ...options });
  onTestFinished(() => store.close());
  return { store, root, warnings, at: (key) => join(root, key) };
}

/** The same directory for reading alone. */
export async function readerOnDisk(replaced: Partial<SystemCalls>, root: string): Promise<FilesystemReader> {
  const calls = { ...systemCalls, ...withPaths(replaced) };
  const reader = await openFilesystemReader(root, { log: silentLog, calls });
  onTestFinished(() => reader.close());
  return reader;
}

/** The driver names what lies in a directory that it holds by the number of the open directory; tests want to know the path. */
export function withPaths(replaced: Partial<SystemCalls>): Partial<SystemCalls> {
  const entries = Object.entries(replaced).map(([name, call]) => {
    const resolved = (...values: unknown[]) => (call as (...values: unknown[]) => unknown)(...values.map(pathOf));
    return [name, resolved];
  });
  return Object.fromEntries(entries);
}

function pathOf(value: unknown): unknown {
  const [, descriptor, rest] = typeof value === 'string' ? (/^\/proc\/self\/fd\/(\d+)(.*)$/s.exec(value) ?? []) : [];
  return descriptor === undefined ? value : `${systemCalls.descriptorPathSync(Number(descriptor))}${rest}`;
}

export function treeOnDisk(replaced: Partial<SystemCalls> = {}): {
  readonly tree: FileTree;
  readonly warnings: string[];
} {
  const warnings: string[] = [];
  const tree = new FileTree(newDirectory(), {
    calls: { ...systemCalls, ...withPaths(replaced) },
    log: { info: () => {}, slow: () => {}, warn: (message) => void warnings.push(message) },
    fileMode: 0o644,
    directoryMode: 0o755,
  });
  return { tree, warnings };
}

/** An error as the operating system gives it. */
export function systemError(code: string, syscall = 'injected'): Error {
  return Object.assign(new Error(`${code}: injected`), { code, syscall, errno: -1 });
}

/** Fails the first `times` calls that `when` picks, with `code`, and lets all others through. */
export function failing<Args extends unknown[], Result>(
  real: (...args: Args) => Result,
  code: string,
  when: (...args: Args) => boolean = () => true,
  times = Number.POSITIVE_INFINITY,
): (...args: Args) => Result {
  let left = times;
  return (...args) => {
    if (left <= 0 || !when(...args)) return real(...args);
    left -= 1;
    throw systemError(code);
  };
}

export interface Trace {
  readonly calls: Partial<SystemCalls>;
  /** Such as `fsync team/app/index.json`; names made up by the driver are `*`. */
  readonly events: string[];
}

/** Watches the calls that durability and visibility hang on. */
export function tracing(root: string, over: SystemCalls = systemCalls): Trace {
  const events: string[] = [];
  const paths = new Map<number, string>();
  const name = (path: string): string =>
    (path === root ? '.' : path.slice(root.length + 1)).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '*');
  const calls: Partial<SystemCalls> = {
    openSync: (path, flags, mode) => {
      const descriptor = over.openSync(path, flags, mode);
      paths.set(descriptor, name(path));
      return descriptor;
    },
    writeSync: (descriptor, bytes, offset) => {
      events.push(`write ${paths.get(descriptor)}`);
      return over.writeSync(descriptor, bytes, offset);
    },
    fsync: (descriptor) => {
      events.push(`fsync ${paths.get(descriptor)}`);
      return over.fsync(descriptor);
    },
    fdatasync: (descriptor) => {
      events.push(`fdatasync ${paths.get(descriptor)}`);
      return over.fdatasync(descriptor);
    },
    renameSync: (from, to) => {
      events.push(`rename ${name(from)} ${name(to)}`);
      over.renameSync(from, to);
    },
    rename: (from, to) => {
      events.push(`rename ${name(from)} ${name(to)}`);
      return over.rename(from, to);
    },
    linkSync: (from, to) => {
      events.push(`link ${name(from)} ${name(to)}`);
      over.linkSync(from, to);
    },
    link: (from, to) => {
      events.push(`link ${name(from)} ${name(to)}`);
      return over.link(from, to);
    },
    copyFile: (from, to, mode) => {
      events.push(`copy ${name(from)} ${name(to)}`);
      return over.copyFile(from, to, mode);
    },
    unlink: (path) => {
      events.push(`unlink ${name(path)}`);
      return over.unlink(path);
    },
    mkdirSync: (path, mode) => {
      over.mkdirSync(path, mode);
      events.push(`mkdir ${name(path)}`);
    },
  };
  return { calls, events };
}
