// Calls of the driver that a system refuses: which call may fail with which error, and a disk on which one does.
import { failure } from '../support/simulated-disk/disk-node.ts';

export const codes = ['ENOSPC', 'EROFS', 'EIO', 'EMFILE', 'EACCES'] as const;
export type Code = (typeof codes)[number];

const takesSpace = ['create', 'write', 'writev', 'fsync', 'mkdir', 'link', 'rename', 'copyFile', 'ftruncate'];
const needsWritable = ['create', 'open to write', 'mkdir', 'rmdir', 'link', 'rename', 'unlink', 'copyFile', 'utimes'];
const needsRight = [...needsWritable, 'open', 'lstat', 'stat', 'access', 'readdir'];
const needsDescriptor = ['create', 'open', 'open to write', 'readdir', 'copyFile'];

/** Anything may fail with EIO. */
const callsOf: Readonly<Record<Code, readonly string[] | undefined>> = {
  ENOSPC: takesSpace,
  EROFS: needsWritable,
  EIO: undefined,
  EMFILE: needsDescriptor,
  EACCES: needsRight,
};

/** `once`: one call. `brief`: a few, so that whoever goes on after the first meets others. `lasting`: every one, until the request is answered. */
export const durations = ['once', 'brief', 'lasting'] as const;

export interface Fault {
  readonly code: Code;
  /** The first call that fails, of those that may. */
  readonly at: number;
  readonly how: (typeof durations)[number];
  /** Only these may fail, by their names and paths. */
  readonly calls?: RegExp;
}

const callsOfEach: Readonly<Record<Fault['how'], number>> = { once: 1, brief: 12, lasting: Number.POSITIVE_INFINITY };

/** Counts the calls that may fail, and fails those that are to. */
export class FaultyCalls {
  readonly #fault: Fault;
  /** Set: calls count. */
  isOn = false;
  count = 0;
  /** What failed, for whoever reads of it. */
  readonly failed: string[] = [];

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  readonly before = (call: string, path: string): void => {
    const { code, at, how, calls } = this.#fault;
    if (!this.isOn || callsOf[code]?.includes(call) === false || calls?.test(`${call} ${path}`) === false) return;
    const isIt = this.count >= at && this.count < at + callsOfEach[how];
    this.count += 1;
    if (!isIt) return;
    this.failed.push(`${call} ${path}`);
    throw failure(code, call, path);
  };
}
