// A volume of a few megabytes that a test can mount, fill and take away: a tmpfs, which only root on Linux can make.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** In the name of a test that is skipped elsewhere. */
export const needsVolume = 'needs root on Linux, to mount a tmpfs';
export const canMount = process.platform === 'linux' && process.getuid?.() === 0;

export interface SmallVolume {
  readonly path: string;
  /** Writes a file until nothing more fits, as another program does. */
  fill(): void;
  /** Removes that file. */
  makeRoom(): void;
  remount(mode: 'ro' | 'rw'): void;
  /** Also while a server has files open. */
  unmount(): void;
  /** Mounts an empty volume in its place. */
  mountAnother(): void;
  unmountAnother(): void;
  /** Mounts it again, with what was on it. */
  mountAgain(): void;
}

/** Gone when the test ends. */
export function smallVolume(megabytes: number): SmallVolume {
  const volume = mkdtempSync(join(tmpdir(), 'moorage-volume-'));
  const path = mkdtempSync(join(tmpdir(), 'moorage-mount-'));
  const mountNew = (at: string) => run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', at);
  const filler = join(path, 'filler');
  mountNew(volume);
  run('mount', '--bind', volume, path);
  onTestFinished(() => {
    for (const at of [path, path, volume]) tryToUnmount(at);
    rmdirSync(path);
    rmdirSync(volume);
  });
  return {
    path,
    fill: () => fillWith(filler),
    makeRoom: () => rmSync(filler),
    remount: (mode) => onceNotBusy(() => run('mount', '-o', `remount,bind,${mode}`, path)),
    unmount: () => run('umount', '--lazy', path),
    mountAnother: () => mountNew(path),
    unmountAnother: () => run('umount', '--lazy', path),
    mountAgain: () => run('mount', '--bind', volume, path),
  };
}

function fillWith(path: string): void {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4096);
  try {
    while (writeSync(file, block) > 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}

/** A server keeps files that it writes to open for some milliseconds. */
function onceNotBusy(work: () => void, tries = 100): void {
  try {
    work();
  } catch (error) {
    if (tries === 1 || !(error instanceof Error && error.message.includes('busy'))) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    onceNotBusy(work, tries - 1);
  }
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}

function tryToUnmount(path: string): void {
  try {
    run('umount', '--lazy', path);
  } catch {
    // It is not mounted: the test did that.
  }
}
