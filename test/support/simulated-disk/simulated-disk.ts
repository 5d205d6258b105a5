// A kernel and a disk in memory, as the filesystem driver calls them: every call is recorded, so that a power cut after any of them can be
// looked at. Symbolic links, owners and modes are left out; nothing here waits.

import { constants, type Dirent } from 'node:fs';
import { posix } from 'node:path';
import type { SystemCalls } from '../../../src/storage/filesystem/system-calls.ts';
import { applyToBytes, type DiskEvent, type DiskImage, rootNode } from './disk-image.ts';
import { failure, type Node, type Opened, statsOf } from './disk-node.ts';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } = constants;
const heldPath = /^\/proc\/self\/fd\/(\d+)(?:\/(.*))?$/;

export interface SimulatedDiskOptions {
  readonly image?: DiskImage | undefined;
  readonly nowMs: number;
  readonly callTakesMs?: number;
  /** Called before every call that a system may refuse, by its name: throws what the call is to fail with. */
  readonly before?: (call: string, path: string) => void;
  /**
   * True: two names can be swapped, and the system says who has a file open. Unless given it is as on a machine without renameat2: the way with a
   * plain rename is the one with fewer guarantees.
   */
  readonly exchanges?: boolean;
  /** False: a sync does nothing, as if it were not there. */
  readonly doesSync?: () => boolean;
}

export class SimulatedDisk {
  readonly events: DiskEvent[] = [];
  readonly calls: SystemCalls;
  readonly #options: SimulatedDiskOptions;
  readonly #nodes = new Map<number, Node>();
  readonly #opened = new Map<number, Opened>();
  /** Files that hold what no sync has made durable, and those of which a sync failed: what they hold is lost, whatever a later one says. */
  readonly #dirty = new Set<number>();
  readonly #lost = new Set<number>();
  /** Paths of files that were synced although a sync of them had failed. */
  readonly syncedAfterFailure: string[] = [];
  #isForeign = false;
  #nowMs: number;
  #lastNode = rootNode;
  #lastDescriptor = 100;
  #random = 1;

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs;
    this.#nodes.set(rootNode, this.#newNode(rootNode, 'directory'));
    if (options.image !== undefined) this.#load(options.image);
    this.calls = this.#systemCalls();
  }

  note(note: unknown): void {
    this.events.push({ kind: 'note', note });
  }

  /** Paths of everything there is. */
  paths(): readonly string[] {
    const walk = (node: Node, path: string): string[] =>
      [...node.entries].flatMap(([name, number]) => {
        const child = this.#node(number);
        return [`${path}/${name}`, ...(child.type === 'directory' ? walk(child, `${path}/${name}`) : [])];
      });
    return walk(this.#node(rootNode), '');
  }

  /** Paths of what is open. */
  get openDescriptors(): readonly string[] {
    return [...this.#opened.values()].map((opened) => this.#pathOfOpen(opened));
  }

  /** Another program works on it: none of its calls is refused. */
  foreign(work: (calls: SystemCalls) => void): void {
    this.#isForeign = true;
    work(this.calls);
    this.#isForeign = false;
  }

  /** Another byte than was written, for good, and no time stamp that tells. */
  rot(path: string): void {
    const node = this.#existing('rot', path);
    const bytes = Buffer.from([(node.bytes[0] ?? 0) ^ 1]);
    const event = { kind: 'write', node: node.number, at: 0, bytes } as const;
    node.bytes = applyToBytes(node.bytes, event);
    this.events.push(event, { kind: 'sync', node: node.number });
  }

  /** Time goes by. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** What was there before is an hour old: locks and drafts of a process that is no more. */
  #load(image: DiskImage): void {
    const before = this.#nowMs - 3_600_000;
    for (const [number, { kind }] of image) {
      if (number !== rootNode) this.#nodes.set(number, this.#newNode(number, kind, before));
      this.#lastNode = Math.max(this.#lastNode, number);
    }
    for (const [number, from] of image) {
      const node = this.#node(number);
      if (from.kind === 'file') node.bytes = from.bytes;
      else {
        for (const [name, child] of from.entries) {
          node.entries.set(name, child);
          const { type } = this.#node(child);
          this.#node(child).links += 1;
          if (type === 'directory') this.#node(child).parent = number;
        }
      }
    }
  }

  #newNode(number: number, type: Node['type'], at = this.#nowMs): Node {
    return {
      number,
      type,
      bytes: Buffer.alloc(0),
      entries: new Map(),
      links: 0,
      parent: rootNode,
      mtimeMs: at,
      ctimeMs: at,
      birthtimeMs: at,
    };
  }

  #node(number: number): Node {
    const node = this.#nodes.get(number);
    if (node === undefined) throw new Error(`there is no node ${number}`);
    return node;
  }

  /** The clock moves with each call, as that of a real machine does. */
  #now(): number {
    this.#nowMs += this.#options.callTakesMs ?? 0.37;
    return this.#nowMs;
  }

  #resolve(call: string, path: string): Node | undefined {
    const [, descriptor, rest] = heldPath.exec(path) ?? [];
    let node = descriptor === undefined ? this.#node(rootNode) : this.#descriptor(call, Number(descriptor)).node;
    const names = (descriptor === undefined ? path : (rest ?? '')).split('/').filter((name) => name !== '');
    for (const name of names) {
      if (node.type !== 'directory') throw failure('ENOTDIR', call, path);
      const next = node.entries.get(name);
      if (next === undefined) {
        if (name !== names.at(-1)) throw failure('ENOENT', call, path);
        return undefined;
      }
      node = this.#node(next);
    }
    return node;
  }

  #existing(call: string, path: string): Node {
    const node = this.#resolve(call, path);
    if (node === undefined) throw failure('ENOENT', call, path);
    return node;
  }

  #placeOf(call: string, path: string): { readonly directory: Node; readonly name: string } {
    const directory = this.#existing(call, posix.dirname(path));
    if (directory.type !== 'directory') throw failure('ENOTDIR', call, path);
    // A directory that was removed takes nothing more.
    if (directory.number !== rootNode && directory.links === 0) throw failure('ENOENT', call, path);
    return { directory, name: posix.basename(path) };
  }

  #descriptor(call: string, descriptor: number): Opened {
    const opened = this.#opened.get(descriptor);
    if (opened === undefined) throw failure('EBADF', call, String(descriptor));
    return opened;
  }

  #before(call: string, path: string): void {
    if (!this.#isForeign) this.#options.before?.(call, path);
  }

  #beforeWith(call: string, opened: Opened): void {
    // Nobody pays for a path that is not asked for.
    if (this.#options.before !== undefined) this.#before(call, this.#pathOfOpen(opened));
  }

  /** As the kernel tells it: by the name that it was opened by, wherever that directory is by now. */
  #pathOfOpen({ node, path }: Opened): string {
    if (path === undefined) return this.#pathOf(node);
    const { directory, name } = path;
    const where = posix.join(this.#pathOf(directory), name);
    return directory.entries.get(name) === node.number ? where : `${where} (deleted)`;
  }

  #pathOf(directory: Node): string {
    if (directory.number === rootNode) return '/';
    const parent = this.#node(directory.parent);
    const name = [...parent.entries].find(([, child]) => child === directory.number)?.[0];
    return name === undefined ? '/gone (deleted)' : posix.join(this.#pathOf(parent), name);
  }

  #create(type: Node['type'], directory: Node, name: string): Node {
    this.#lastNode += 1;
    const node = this.#newNode(this.#lastNode, type);
    node.mtimeMs = this.#now();
    node.ctimeMs = node.mtimeMs;
    this.#nodes.set(node.number, node);
    this.events.push({ kind: 'create', node: node.number, type });
    this.#setEntries([[directory, name, node]]);
    node.parent = directory.number;
    return node;
  }

  #setEntries(changes: readonly (readonly [Node, string, Node | undefined])[]): void {
    const at = this.#now();
    for (const [directory, name, node] of changes) {
      const before = directory.entries.get(name);
      if (before !== undefined) {
        this.#node(before).links -= 1;
        this.#node(before).ctimeMs = at;
      }
      if (node === undefined) directory.entries.delete(name);
      else {
        directory.entries.set(name, node.number);
        node.links += 1;
        node.ctimeMs = at;
      }
      directory.mtimeMs = at;
      directory.ctimeMs = at;
    }
    this.events.push({
      kind: 'entries',
      changes: changes.map(([directory, name, node]) => ({ directory: directory.number, name, node: node?.number })),
    });
  }

  #writeAt(opened: Opened, bytes: Uint8Array, position: number): number {
    const { node } = opened;
    const copy = Buffer.from(bytes);
    const event = {
      kind: 'write',
      node: node.number,
      at: opened.appends ? node.bytes.length : position,
      bytes: copy,
    } as const;
    node.bytes = applyToBytes(node.bytes, event);
    this.#dirty.add(node.number);
    this.events.push(event);
    node.mtimeMs = this.#now();
    node.ctimeMs = node.mtimeMs;
    return copy.length;
  }

  #sync(descriptor: number): void {
    const opened = this.#descriptor('fsync', descriptor);
    const { node } = opened;
    try {
      this.#beforeWith('fsync', opened);
    } catch (error) {
      if (this.#dirty.has(node.number)) this.#lost.add(node.number);
      throw error;
    }
    if (this.#lost.has(node.number)) this.syncedAfterFailure.push(this.#pathOfOpen(opened));
    this.#dirty.delete(node.number);
    if (this.#options.doesSync?.() !== false) this.events.push({ kind: 'sync', node: node.number });
  }

  #read(descriptor: number, buffer: Uint8Array, offset: number, length: number, position: number): number {
    const opened = this.#descriptor('read', descriptor);
    this.#beforeWith('read', opened);
    const { node } = opened;
    return node.bytes.copy(buffer, offset, position, Math.min(position + length, node.bytes.length));
  }

  #link(from: string, to: string): void {
    const node = this.#existing('link', from);
    const { directory, name } = this.#placeOf('link', to);
    if (directory.entries.has(name)) throw failure('EEXIST', 'link', to);
    this.#setEntries([[directory, name, node]]);
  }

  #rename(from: string, to: string): void {
    const node = this.#existing('rename', from);
    const source = this.#placeOf('rename', from);
    const target = this.#placeOf('rename', to);
    if (target.directory.entries.get(target.name) === node.number) return;
    this.#setEntries([
      [target.directory, target.name, node],
      [source.directory, source.name, undefined],
    ]);
    if (node.type === 'directory') node.parent = target.directory.number;
  }

  #exchange(from: string, to: string): boolean {
    const [one, other] = [this.#existing('rename', from), this.#existing('rename', to)];
    const [source, target] = [this.#placeOf('rename', from), this.#placeOf('rename', to)];
    this.#setEntries([
      [target.directory, target.name, one],
      [source.directory, source.name, other],
    ]);
    return true;
  }

  #unlink(path: string): void {
    const node = this.#existing('unlink', path);
    if (node.type === 'directory') throw failure('EISDIR', 'unlink', path);
    const { directory, name } = this.#placeOf('unlink', path);
    this.#setEntries([[directory, name, undefined]]);
  }

  #open(path: string, flags: number): number {
    let node = this.#resolve('open', path);
    if (node === undefined) {
      if ((flags & O_CREAT) === 0) throw failure('ENOENT', 'open', path);
      this.#before('create', path);
      const { directory, name } = this.#placeOf('open', path);
      node = this.#create('file', directory, name);
    } else if ((flags & O_EXCL) !== 0) throw failure('EEXIST', 'open', path);
    else this.#before((flags & (O_WRONLY | O_RDWR)) === 0 ? 'open' : 'open to write', path);
    if ((flags & O_DIRECTORY) !== 0 && node.type !== 'directory') throw failure('ENOTDIR', 'open', path);
    if ((flags & O_TRUNC) !== 0) this.#truncate(node, 0);
    this.#lastDescriptor += 1;
    const isHeld = node.type === 'directory' || (heldPath.exec(path)?.[2] === undefined && heldPath.test(path));
    const opened = isHeld ? undefined : this.#placeOf('open', path);
    this.#opened.set(this.#lastDescriptor, { node, appends: (flags & O_APPEND) !== 0, path: opened, at: 0 });
    return this.#lastDescriptor;
  }

  #truncate(node: Node, size: number): void {
    this.#dirty.add(node.number);
    const event = { kind: 'truncate', node: node.number, size } as const;
    node.bytes = applyToBytes(node.bytes, event);
    this.events.push(event);
    node.mtimeMs = this.#now();
    node.ctimeMs = node.mtimeMs;
  }

  #systemCalls(): SystemCalls {
    const before = (call: string, path: string) => this.#before(call, path);
    const truncate = (descriptor: number, size: number) => {
      const opened = this.#descriptor('ftruncate', descriptor);
      this.#beforeWith('ftruncate', opened);
      this.#truncate(opened.node, size);
    };
    const write = (descriptor: number, bytes: Uint8Array, offset: number) => {
      const opened = this.#descriptor('write', descriptor);
      this.#beforeWith('write', opened);
      const written = this.#writeAt(opened, bytes.subarray(offset), opened.at);
      opened.at += written;
      return written;
    };
    const writev = (descriptor: number, chunks: readonly Uint8Array[], position: number) => {
      const opened = this.#descriptor('writev', descriptor);
      this.#beforeWith('writev', opened);
      return this.#writeAt(opened, Buffer.concat(chunks), position);
    };
    const sync = async (descriptor: number) => {
      this.#sync(descriptor);
    };
    const calls: SystemCalls = {
      now: () => this.#now(),
      elapsed: () => this.#now(),
      random: () => {
        this.#random = (this.#random * 16_807) % 2_147_483_647;
        return this.#random / 2_147_483_647;
      },
      accessSync: (path) => {
        before('access', path);
        this.#existing('access', path);
      },
      openSync: (path, flags) => this.#open(path, flags),
      closeSync: (descriptor) => void this.#opened.delete(descriptor),
      fstatSync: (descriptor) => {
        const opened = this.#descriptor('fstat', descriptor);
        this.#beforeWith('fstat', opened);
        return statsOf(opened.node);
      },
      lstatSync: (path) => {
        before('lstat', path);
        const node = this.#resolveIfThere(path);
        return node && statsOf(node);
      },
      statSync: (path) => {
        before('stat', path);
        const node = this.#resolveIfThere(path);
        return node && statsOf(node);
      },
      descriptorPathSync: (descriptor) => this.#pathOfOpen(this.#descriptor('readlink', descriptor)),
      readSync: (...values) => this.#read(...values),
      writeSync: write,
      writevSync: writev,
      futimesSync: (descriptor, _atime, mtimeSeconds) => {
        const opened = this.#descriptor('futimes', descriptor);
        this.#beforeWith('futimes', opened);
        opened.node.mtimeMs = mtimeSeconds * 1_000;
      },
      utimesSync: (path, _atime, mtime) => {
        before('utimes', path);
        this.#existing('utimes', path).mtimeMs = mtime.getTime();
      },
      mkdirSync: (path) => {
        before('mkdir', path);
        const { directory, name } = this.#placeOf('mkdir', path);
        if (directory.entries.has(name)) throw failure('EEXIST', 'mkdir', path);
        this.#create('directory', directory, name);
      },
      rmdirSync: (path) => {
        before('rmdir', path);
        const node = this.#existing('rmdir', path);
        if (node.entries.size > 0) throw failure('ENOTEMPTY', 'rmdir', path);
        const { directory, name } = this.#placeOf('rmdir', path);
        this.#setEntries([[directory, name, undefined]]);
      },
      linkSync: (from, to) => {
        before('link', to);
        this.#link(from, to);
      },
      renameSync: (from, to) => {
        before('rename', to);
        this.#rename(from, to);
      },
      exchangeSync: (from, to) => this.#options.exchanges === true && this.#exchange(from, to),
      leaseSync: (descriptor) => {
        const { node } = this.#descriptor('fcntl', descriptor);
        return (
          this.#options.exchanges === true &&
          [...this.#opened.values()].filter((each) => each.node === node).length === 1
        );
      },
      unleaseSync: () => {},
      unlinkSync: (path) => {
        before('unlink', path);
        this.#unlink(path);
      },
      close: async (descriptor) => void this.#opened.delete(descriptor),
      fsync: sync,
      fdatasync: sync,
      ftruncate: async (descriptor, size) => truncate(descriptor, size),
      ftruncateSync: truncate,
      read: async (...values) => this.#read(...values),
      write: async (...values) => write(...values),
      writev: async (...values) => writev(...values),
      copyFile: async (from, to) => {
        before('copyFile', to);
        const { directory, name } = this.#placeOf('copyfile', to);
        if (directory.entries.has(name)) throw failure('EEXIST', 'copyfile', to);
        const node = this.#create('file', directory, name);
        this.#writeAt({ node, appends: false, path: undefined, at: 0 }, this.#existing('copyfile', from).bytes, 0);
      },
      link: async (from, to) => {
        before('link', to);
        this.#link(from, to);
      },
      rename: async (from, to) => {
        before('rename', to);
        this.#rename(from, to);
      },
      unlink: async (path) => {
        before('unlink', path);
        this.#unlink(path);
      },
      readdir: async (path) => {
        before('readdir', path);
        return [...this.#existing('readdir', path).entries].map(([name, number]) => this.#direntOf(name, number));
      },
      makeTree: async (path, mode) => {
        let made = '';
        for (const name of path.split('/').filter((each) => each !== '')) {
          made += `/${name}`;
          if (this.#resolveIfThere(made) === undefined) calls.mkdirSync(made, mode);
        }
      },
      // Of a disk so small no space is set aside, and so empty nothing is refused.
      statfs: async (path) => {
        before('statfs', path);
        return { type: 0xef53, bsize: 4_096, blocks: 0, bavail: 1e9 };
      },
    };
    return calls;
  }

  #resolveIfThere(path: string): Node | undefined {
    try {
      return this.#resolve('lstat', path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #direntOf(name: string, number: number): Dirent {
    const { type } = this.#node(number);
    return {
      name,
      isFile: () => type === 'file',
      isDirectory: () => type === 'directory',
      isSymbolicLink: () => false,
    } as Dirent;
  }
}
