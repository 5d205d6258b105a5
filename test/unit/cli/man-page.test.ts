// man/moorage.1 is what the definitions of commands and settings say, in roff that has no mistakes.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allCommands, commandTree } from '../../../src/cli/command-tree.ts';
import { programOf } from '../../../src/cli/program.ts';
import { writtenManPage } from '../../../src/cli/written-man-page.ts';
import { settings } from '../../../src/config/settings.ts';

const path = new URL('../../../man/moorage.1', import.meta.url).pathname;
const has = (program: string) => spawnSync(program, ['--version']).status === 0;

describe('the manual page', () => {
  it('is what `npm run man` writes', () => {
    expect(readFileSync(path, 'utf8')).toBe(writtenManPage());
  });

  it.skipIf(!has('groff'))('has no mistakes for groff (skipped where there is none)', () => {
    const { status, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z', path], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it.skipIf(!has('groff'))(
    'shows every command with its flags, and every setting (skipped where there is no groff)',
    () => {
      const { stdout } = spawnSync('groff', ['-man', '-Tascii', '-P-cbou', '-rLL=200n', path], { encoding: 'utf8' });
      for (const { path: command, flags, commands } of allCommands(commandTree(programOf({}, () => {}))).slice(1)) {
        if (commands.length > 0) continue;
        expect(stdout).toContain(`moorage ${command}`);
        for (const { text } of flags) expect(stdout, command).toContain(text);
      }
      for (const { path: setting, environment } of settings) {
        expect(stdout).toContain(setting);
        expect(stdout).toContain(environment);
      }
    },
  );
});
