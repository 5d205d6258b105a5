// Changing a file that others change as well.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { editFile } from '../../../../src/storage/filesystem/edited-file.ts';
import { CannotWriteError } from '../../../../src/storage/filesystem/published-file.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const options = { maxBytes: 1_000, newMode: 0o600 };
const appending = (text: string) => (now: Buffer | undefined) => Buffer.from(`${now?.toString() ?? ''}${text}`);

async function fileIn(): Promise<{ readonly directory: string; readonly path: string }> {
  const directory = await temporaryDirectory();
  return { directory, path: join(directory, 'users') };
}

describe('a file that is edited', () => {
  it('is made with the mode that is asked for, and keeps the one that it has', async () => {
    const { directory, path } = await fileIn();
    await editFile(path, appending('one'), options);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o640);
    await editFile(path, appending(' two'), options);
    expect(readFileSync(path, 'utf8')).toBe('one two');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(directory)).toEqual(['users']);
  });

  it.runIf(process.getuid?.() === 0)('keeps its owner where that is possible', async () => {
    const { path } = await fileIn();
    writeFileSync(path, 'one');
    chownSync(path, 65_534, 65_534);
    await editFile(path, appending(' two'), options);
    expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_534 });
  });

  it('loses nothing when many edit it at once', async () => {
    const { directory, path } = await fileIn();
    const words = Array.from({ length: 12 }, (_, at) => `word${at};`);
    await Promise.all(words.map((word) => editFile(path, appending(word), options)));
    expect(readFileSync(path, 'utf8').split(';').slice(0, -1).toSorted()).toEqual(
      words.map((word) => word.slice(0, -1)).toSorted(),
    );
    expect(readdirSync(directory)).toEqual(['users']);
  });

  it('loses nothing that a program wrote meanwhile which takes no lock', async () => {
    const { path } = await fileIn();
    writeFileSync(path, 'one');
    let isFirst = true;
    await editFile(
      path,
      (now) => {
        const read = `${now} mine`;
        if (isFirst) writeFileSync(path, 'one of others');
        isFirst = false;
        return Buffer.from(read);
      },
      options,
    );
    expect(readFileSync(path, 'utf8')).toBe('one of others mine');
  });

  it('is the one that a symbolic link leads to', async () => {
    const { directory, path } = await fileIn();
    mkdirSync(join(directory, 'real'));
    writeFileSync(join(directory, 'real/file'), 'one');
    symlinkSync('real/file', path);
    await editFile(path, appending(' two'), options);
    expect(readFileSync(join(directory, 'real/file'), 'utf8')).toBe('one two');
    expect(readFileSync(path, 'utf8')).toBe('one two');
    expect(readdirSync(join(directory, 'real'))).toEqual(['file']);
  });

  it('stays as it is when nothing changes', async () => {
    const { directory, path } = await fileIn();
    await editFile(path, () => undefined, options);
    expect(readdirSync(directory)).toEqual([]);
    writeFileSync(path, 'one');
    const before = statSync(path);
    await editFile(path, () => undefined, options);
    expect(statSync(path).ino).toBe(before.ino);
  });

  it('is refused where it is none, and nothing is left there', async () => {
    const { directory, path } = await fileIn();
    await expect(editFile(join(directory, 'none/users'), appending('x'), options)).rejects.toThrow(
      /there is no directory .*none$/,
    );
    symlinkSync('nowhere', path);
    await expect(editFile(path, appending('x'), options)).rejects.toThrow(/symbolic link that leads to no file/);
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    for (const name of ['fifo', '.']) {
      await expect(editFile(join(directory, name), appending('x'), options)).rejects.toThrow(/no regular file/);
    }
    writeFileSync(join(directory, 'large'), 'x'.repeat(1_001));
    await expect(editFile(join(directory, 'large'), appending('x'), options)).rejects.toThrow(CannotWriteError);
    expect(readdirSync(directory).toSorted()).toEqual(['fifo', 'large', 'users']);
  });
});
