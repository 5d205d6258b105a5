// Configuration files that are none: a directory, a file that is not there, a disk, half of a file, and what would end the program.
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { maxConfigBytes, parseConfigFile, readConfigFile } from '../../../src/config/config-file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

async function file(content: string): Promise<string> {
  const path = join(await temporaryDirectory(), 'm.yaml');
  await writeFile(path, content);
  return path;
}

describe('a configuration file', () => {
  it('that is a directory is refused by name', async () => {
    const path = join(await temporaryDirectory(), 'm.yaml');
    await mkdir(path);
    await expect(readConfigFile(path)).rejects.toThrow(`${path}: is a directory, not a configuration file`);
  });

  it('that is not there, also below another file, is refused by name', async () => {
    const path = await file('');
    for (const absent of [`${path}.other`, `${path}/below`]) {
      await expect(readConfigFile(absent)).rejects.toThrow(`${absent}: there is no such configuration file`);
    }
  });

  it('that has the size of a disk is not read into memory', async () => {
    const path = await file('');
    // Holes: nothing of it is on the disk.
    await truncate(path, 2 ** 40);
    await expect(readConfigFile(path)).rejects.toThrow(`${path}: has more than ${maxConfigBytes} bytes`);
  });

  it('of the largest size is read', async () => {
    const comment = `# ${'x'.repeat(1_000)}\n`;
    const path = await file(comment.repeat(Math.floor(maxConfigBytes / comment.length)));
    expect(await readConfigFile(path)).toEqual({ written: [], problems: [] });
  });

  it('whose name the system does not take is refused', async () => {
    const path = join(await temporaryDirectory(), 'x'.repeat(5_000));
    await expect(readConfigFile(path)).rejects.toThrow('cannot be read: the system answers ENAMETOOLONG');
  });

  it('that was cut off says where', async () => {
    const { problems, written } = await parseConfigFile('m.yaml', 'server:\n  warning: "it is\n');
    expect(written).toEqual([]);
    expect(problems[0]?.origin).toMatch(/^m\.yaml:\d+:\d+$/);
  });

  it('of zeros, as a crash leaves one, is refused', async () => {
    expect((await parseConfigFile('m.yaml', '\0'.repeat(4_096))).problems).not.toEqual([]);
  });

  it('that is nested too deeply is refused', async () => {
    const { problems } = await parseConfigFile('m.yaml', `access: ${'['.repeat(100_000)}`);
    expect(problems).not.toEqual([]);
  });

  it('whose aliases would fill the memory is refused', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, at) => `&a${at + 1} [${Array.from({ length: 9 }, () => `*a${at}`).join(', ')}]`,
    );
    const text = `access: [&a0 [x], ${levels.join(', ')}]\n`;
    const { problems } = await parseConfigFile('m.yaml', text);
    expect(problems).toEqual([{ origin: 'm.yaml', message: expect.stringContaining('aliases') }]);
  });
});
