// Scripts of completion, in the shells that this machine has: what they offer at a place of the line is what there is.
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allCommands, commandTree } from '../../src/cli/command-tree.ts';
import { completionScript } from '../../src/cli/completion/completion-script.ts';
import { programOf } from '../../src/cli/program.ts';
import { runMoorage, scratchDirectory } from './moorage-process.ts';

const program = commandTree(programOf({}, () => {}));
const commands = allCommands(program).slice(1);

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

/** Runs a line of a shell in a directory with these files; what it prints, line by line. */
async function inShell(shell: string, args: readonly string[]): Promise<readonly string[]> {
  const directory = await scratchDirectory();
  await writeFile(join(directory, 'm.yaml'), '');
  await writeFile(join(directory, 'completion'), completionScript(shell as 'bash' | 'zsh' | 'fish', program));
  const { stdout, stderr, status } = spawnSync(shell, args, { cwd: directory, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

describe.each(['bash', 'zsh', 'fish'] as const)('the script for %s', (shell) => {
  it('is what the command prints', async () => {
    const { code, stdout } = await runMoorage(['completion', shell]);
    expect([code, stdout]).toEqual([0, completionScript(shell, program)]);
  });

  it('has every command and every flag', () => {
    const script = completionScript(shell, program);
    expect(commands.length).toBeGreaterThan(20);
    for (const { name, flags } of commands) {
      expect(script).toContain(name);
      for (const { long } of flags)
        expect(script).toMatch(new RegExp(shell === 'fish' ? `-l ${long.slice(2)}\\b` : `${long}\\b`));
    }
  });

  it.skipIf(!has(shell))('is one that the shell can read (skipped where there is no such shell)', async () => {
    const check = shell === 'fish' ? ['--no-execute', 'completion'] : ['-n', 'completion'];
    expect(await inShell(shell, check)).toEqual([]);
  });
});

it('another shell is a wrong command line', async () => {
  expect(await runMoorage(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' });
  expect(await runMoorage(['completion'])).toMatchObject({ code: 2, stdout: '' });
});

interface Line {
  readonly line: string;
  readonly offers: readonly string[];
  readonly never?: readonly string[];
}

/** The last word is the one that is completed. */
const lines: readonly Line[] = [
  { line: 'moorage co', offers: ['config', 'completion'], never: ['serve'] },
  { line: 'moorage ', offers: commands.filter(({ path }) => !path.includes(' ')).map(({ name }) => name) },
  { line: 'moorage --re', offers: ['--read-only'] },
  { line: 'moorage config ', offers: ['check', 'print', 'schema'], never: ['serve', 'add'] },
  { line: 'moorage user ', offers: ['add', 'remove', 'list'], never: ['schema'] },
  { line: 'moorage user add --', offers: ['--password-stdin', '--file', '--config'], never: ['--root'] },
  { line: 'moorage token create --', offers: ['--repositories', '--may', '--expires'], never: ['--password-stdin'] },
  { line: 'moorage export --profile ', offers: ['oci', 'docker', 'ctr'], never: ['--profile'] },
  { line: 'moorage completion ', offers: ['bash', 'zsh', 'fish'], never: ['serve'] },
  // A repository of that name.
  { line: 'moorage ls serve --', offers: ['--json'], never: ['--listen'] },
];

describe.skipIf(!has('bash'))('in bash (skipped where there is none)', () => {
  async function offered(line: string): Promise<readonly string[]> {
    // As bash cuts a line: at "=", too.
    const words = line.replaceAll('=', ' = ').split(/ +/);
    const list = words.map((word) => `'${word}'`).join(' ');
    const script = `source completion; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _moorage; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return inShell('bash', ['--norc', '-c', script]);
  }

  it.each(lines)('$line', async ({ line, offers, never = [] }) => {
    const found = await offered(line);
    expect(found).toEqual(expect.arrayContaining([...offers]));
    expect(found.filter((each) => never.includes(each))).toEqual([]);
  });

  it('what a flag takes follows "=" as well', async () => {
    expect(await offered('moorage export --profile=')).toEqual(expect.arrayContaining(['docker', 'oci']));
    expect(await offered('moorage export --profile=do')).toEqual(['docker']);
  });

  it('files are left to readline', async () => {
    expect(await offered('moorage --config m')).toEqual([]);
    expect(await inShell('bash', ['--norc', '-c', 'source completion; complete -p moorage'])).toEqual([
      'complete -o default -F _moorage moorage',
    ]);
  });
});

describe.skipIf(!has('fish'))('in fish (skipped where there is none)', () => {
  it.each(lines)('$line', async ({ line, offers, never = [] }) => {
    const script = `source completion; complete -C '${line}'`;
    const found = (await inShell('fish', ['--no-config', '-c', script])).map((each) => each.split('\t')[0] ?? '');
    expect(found).toEqual(expect.arrayContaining([...offers]));
    expect(found.filter((each) => never.includes(each))).toEqual([]);
  });

  it('files where a flag takes one', async () => {
    const found = await inShell('fish', ['--no-config', '-c', "source completion; complete -C 'moorage --config m'"]);
    expect(found.join()).toContain('m.yaml');
  });
});
