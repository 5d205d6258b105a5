// A file that an operator may change at any time: what is seen of each way to change it, and when.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FileState, WatchedFile, type WatchOptions } from '../../../../src/storage/filesystem/watched-file.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { TestClock } from '../../../support/test-clock.ts';

async function watched(options: Partial<WatchOptions> = {}) {
  const directory = await temporaryDirectory();
  const path = join(directory, 'users');
  const clock = new TestClock();
  const file = new WatchedFile(path, { maxBytes: 100, clock, ...options });
  /** Long enough for whatever was written to be looked at, and to count as whole. */
  const later = () => clock.advance(10_000);
  return { directory, path, clock, file, later };
}

function textOf(state: FileState): string {
  return state.kind === 'read' ? state.bytes.toString() : `unusable: ${state.reason}`;
}

describe('a watched file', () => {
  it('is one and the same object for as long as the file is the same', async () => {
    const { path, file, later } = await watched();
    writeFileSync(path, 'one');
    const first = file.current();
    expect(textOf(first)).toBe('one');
    later();
    expect(file.current()).toBe(first);
    // Touched, with the same bytes.
    utimesSync(path, new Date(), new Date(1_000_000));
    later();
    expect(file.current()).toBe(first);
  });

  it('is seen when it is replaced, written in place, or both within one tick of the clock', async () => {
    const { directory, path, file, later } = await watched();
    writeFileSync(path, 'one');
    expect(textOf(file.current())).toBe('one');
    writeFileSync(path, 'two');
    later();
    expect(textOf(file.current())).toBe('two');
    writeFileSync(join(directory, 'draft'), 'three');
    renameSync(join(directory, 'draft'), path);
    later();
    expect(textOf(file.current())).toBe('three');
    appendFileSync(path, ' and more');
    later();
    expect(textOf(file.current())).toBe('three and more');
  });

  it('is seen when a symbolic link above it is swapped, as Kubernetes does', async () => {
    const { directory, file, later } = await watched();
    for (const version of ['old', 'new']) {
      mkdirSync(join(directory, version));
      writeFileSync(join(directory, version, 'users'), version);
    }
    symlinkSync('old', join(directory, '..data'));
    symlinkSync('..data/users', join(directory, 'users'));
    expect(textOf(file.current())).toBe('old');
    symlinkSync('new', join(directory, '..data_tmp'));
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    later();
    expect(textOf(file.current())).toBe('new');
  });

  it('is looked at once in a while only', async () => {
    const { path, file, clock } = await watched({ settleMs: 0 });
    writeFileSync(path, 'one');
    expect(textOf(file.current())).toBe('one');
    writeFileSync(path, 'two');
    expect(textOf(file.current())).toBe('one');
    clock.advance(250);
    expect(textOf(file.current())).toBe('two');
  });

  it('is looked at each time where that is asked for', async () => {
    const { path, file } = await watched({ everyMs: 0, settleMs: 0 });
    writeFileSync(path, 'one');
    expect(textOf(file.current())).toBe('one');
    writeFileSync(path, 'two');
    expect(textOf(file.current())).toBe('two');
    unlinkSync(path);
    expect(textOf(file.current())).toBe('unusable: there is no such file');
  });

  it('is not read while somebody may be in the middle of writing it', async () => {
    const { path, file, clock } = await watched({ settleMs: 60_000 });
    writeFileSync(path, 'whole');
    expect(textOf(file.current())).toBe('whole');
    truncateSync(path);
    clock.advance(300);
    expect(textOf(file.current())).toBe('whole');
    writeFileSync(path, 'whole again');
    clock.advance(300);
    expect(textOf(file.current())).toBe('whole');
    // Written all the time, or by a machine whose clock is ahead.
    clock.advance(1_000);
    expect(textOf(file.current())).toBe('whole again');
  });

  it('says that it is gone, and what it is when it is back', async () => {
    const { path, file, later } = await watched();
    expect(textOf(file.current())).toBe('unusable: there is no such file');
    writeFileSync(path, 'one');
    later();
    expect(textOf(file.current())).toBe('one');
    unlinkSync(path);
    later();
    const gone = file.current();
    expect(textOf(gone)).toBe('unusable: there is no such file');
    later();
    expect(file.current()).toBe(gone);
    writeFileSync(path, 'back');
    later();
    expect(textOf(file.current())).toBe('back');
  });

  it('is not read beyond the bound', async () => {
    const { path, file, later } = await watched();
    writeFileSync(path, 'a'.repeat(100));
    expect(textOf(file.current())).toHaveLength(100);
    writeFileSync(path, 'a'.repeat(101));
    later();
    expect(textOf(file.current())).toBe('unusable: it has more than 100 bytes');
  });

  it.skipIf(process.getuid?.() === 0)('says that it may not be read', async () => {
    const { path, file } = await watched();
    writeFileSync(path, 'secret');
    chmodSync(path, 0);
    expect(textOf(file.current())).toBe('unusable: permission denied');
  });

  it('is nothing else than a file', async () => {
    const { directory, path, file, later } = await watched();
    mkdirSync(path);
    expect(textOf(file.current())).toBe('unusable: it is a directory');
    renameSync(path, join(directory, 'elsewhere'));
    // Whoever opens one for reading waits for a writer.
    execFileSync('mkfifo', [path]);
    later();
    expect(textOf(file.current())).toBe('unusable: it is no regular file');
    unlinkSync(path);
    symlinkSync('users', path);
    later();
    expect(textOf(file.current())).toBe('unusable: its symbolic links lead in a circle');
    unlinkSync(path);
    symlinkSync('/dev/zero', path);
    later();
    expect(textOf(file.current())).toBe('unusable: it is no regular file');
  });
});
