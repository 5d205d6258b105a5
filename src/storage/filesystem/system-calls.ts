// Every system call of the filesystem driver, and its clock, as one object that is passed in: tests replace single calls
// to bring about what a machine does not do on demand (a failed fsync, a full disk, a foreign write at the worst moment).
import fs, { type Dirent, type NoParamCallback, type Stats, type StatsFs } from 'node:fs';
import { exchangeSync } from './exchange.ts';
import { leaseSync, unleaseSync } from './lease.ts';
import { makeTree } from './make-tree.ts';

/** The part of statfs(2) that is used: its type, the size of its blocks, how many there are, and how many of them we may fill. */
export type FileSystemStats = Readonly<Pick<StatsFs, 'type' | 'bsize' | 'blocks' | 'bavail'>>;

export interface SystemCalls {
  now(): number;
  /** As in clock.ts. */
  elapsed(): number;
  /** From 0 up to 1. */
  random(): number;

  accessSync(path: string, mode: number): void;
  openSync(path: string, flags: number, mode: number): number;
  closeSync(descriptor: number): void;
  fstatSync(descriptor: number): Stats;
  /** Undefined when there is no entry. */
  lstatSync(path: string): Stats | undefined;
  /** Follows symbolic links; undefined when there is no entry. */
  statSync(path: string): Stats | undefined;
  /** Where an open file is, all symbolic links resolved; undefined where the system does not tell. */
  descriptorPathSync(descriptor: number): string | undefined;
  readSync(descriptor: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  writeSync(descriptor: number, bytes: Uint8Array, offset: number): number;
  writevSync(descriptor: number, chunks: readonly Uint8Array[], position: number): number;
  futimesSync(descriptor: number, atimeSeconds: number, mtimeSeconds: number): void;
  utimesSync(path: string, atime: Date, mtime: Date): void;
  /** For what must be done before anybody else has a turn. */
  ftruncateSync(descriptor: number, size: number): void;
  mkdirSync(path: string, mode: number): void;
  rmdirSync(path: string): void;
  linkSync(from: string, to: string): void;
  renameSync(from: string, to: string): void;
  /** Swaps two names in one step; false when that cannot be done here, and nothing has happened. */
  exchangeSync(from: string, to: string): boolean;
  unlinkSync(path: string): void;
  /** As in lease.ts. */
  leaseSync(descriptor: number): boolean;
  unleaseSync(descriptor: number): void;

  /** Off the main thread: to free the pages of a file that has no name any more takes milliseconds. */
  close(descriptor: number): Promise<void>;
  fsync(descriptor: number): Promise<void>;
  fdatasync(descriptor: number): Promise<void>;
  ftruncate(descriptor: number, size: number): Promise<void>;
  read(descriptor: number, buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  write(descriptor: number, bytes: Uint8Array, offset: number): Promise<number>;
  writev(descriptor: number, chunks: readonly Uint8Array[], position: number): Promise<number>;
  copyFile(from: string, to: string, mode: number): Promise<void>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<Dirent[]>;
  /** Creates the directory and its missing parents. */
  makeTree(path: string, mode: number): Promise<void>;
  /** The file system that `path` is on. */
  statfs(path: string): Promise<FileSystemStats>;
}

// Callbacks wrapped by hand: FileHandles of fs/promises cost a quarter more a call (measured).
function completed(start: (done: NoParamCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error === null ? resolve() : reject(error))));
}

function counted(start: (done: (error: Error | null, count: number) => void) => void): Promise<number> {
  return new Promise((resolve, reject) => start((error, count) => (error === null ? resolve(count) : reject(error))));
}

export const systemCalls: SystemCalls = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),

  accessSync: fs.accessSync,
  openSync: fs.openSync,
  closeSync: fs.closeSync,
  fstatSync: (descriptor) => fs.fstatSync(descriptor),
  lstatSync: (path) => fs.lstatSync(path, statOptions),
  statSync: (path) => fs.statSync(path, statOptions),
  descriptorPathSync,
  readSync: (descriptor, buffer, offset, length, position) => fs.readSync(descriptor, buffer, offset, length, position),
  writeSync: (descriptor, bytes, offset) => fs.writeSync(descriptor, bytes, offset),
  writevSync: (descriptor, chunks, position) => fs.writevSync(descriptor, chunks, position),
  futimesSync: fs.futimesSync,
  utimesSync: fs.utimesSync,
  ftruncateSync: fs.ftruncateSync,
  mkdirSync: (path, mode) => {
    fs.mkdirSync(path, mode);
  },
  rmdirSync: fs.rmdirSync,
  linkSync: fs.linkSync,
  renameSync: fs.renameSync,
  exchangeSync,
  unlinkSync: fs.unlinkSync,
  leaseSync,
  unleaseSync,

  close: (descriptor) => completed((done) => fs.close(descriptor, done)),
  fsync: (descriptor) => completed((done) => fs.fsync(descriptor, done)),
  fdatasync: (descriptor) => completed((done) => fs.fdatasync(descriptor, done)),
  ftruncate: (descriptor, size) => completed((done) => fs.ftruncate(descriptor, size, done)),
  read: (descriptor, buffer, offset, length, position) =>
    counted((done) => fs.read(descriptor, buffer, offset, length, position, done)),
  write: (descriptor, bytes, offset) =>
    counted((done) => fs.write(descriptor, bytes, offset, bytes.byteLength - offset, null, done)),
  writev: (descriptor, chunks, position) => counted((done) => fs.writev(descriptor, chunks, position, done)),
  copyFile: (from, to, mode) => completed((done) => fs.copyFile(from, to, mode, done)),
  link: (from, to) => completed((done) => fs.link(from, to, done)),
  rename: (from, to) => completed((done) => fs.rename(from, to, done)),
  unlink: (path) => completed((done) => fs.unlink(path, done)),
  readdir: (path) => fs.promises.readdir(path, { withFileTypes: true }),
  makeTree,
  statfs: (path) => fs.promises.statfs(path),
};

function descriptorPathSync(descriptor: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined; // No /proc here.
  }
}

const statOptions = { throwIfNoEntry: false } as const;
