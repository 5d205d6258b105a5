// What the program answers to a command line that it cannot serve, and its help.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMoorage, scratchDirectory } from './moorage-process.ts';

const oneLine = /^moorage: [^\n]+\n$/;

describe('moorage --help', () => {
  it('shows options with their variables, examples, exit codes and where more is written', async () => {
    const { code, stdout, stderr } = await runMoorage(['--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const text of [
      '--root',
      '--listen',
      '--config',
      '--ephemeral',
      '--read-only',
      'MOORAGE_STORAGE_ROOT',
      'MOORAGE_CONFIG',
      'README.md',
      'config.example.yaml',
      'docker push localhost:5000/team/app:v1',
      'Exit codes',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  it('shows those of serve when asked', async () => {
    const { code, stdout } = await runMoorage(['serve', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: moorage serve [options]');
    expect(stdout).toContain('--read-only');
  });

  it.each([
    [['help'], ['--help']],
    [['help', 'help'], ['--help']],
    [
      ['help', 'serve'],
      ['serve', '--help'],
    ],
    [
      ['help', 'export'],
      ['export', '--help'],
    ],
    [['version'], ['--version']],
    [['help', 'version'], ['--version']],
    [['version', '--help'], ['--help']],
    [['-v'], ['--version']],
    [['-V'], ['--version']],
  ])('%j is %j', async (words, flags) => {
    const asked = await runMoorage(words);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toBe((await runMoorage(flags)).stdout);
  });
});

it('the help of every command fits a terminal of 80 columns', { timeout: 600_000 }, async () => {
  const { stdout: program } = await runMoorage(['--help']);
  const [, listed = ''] = /^Commands:\n(.*?)\n\n/ms.exec(program) ?? [];
  const commands = [...listed.matchAll(/^ {2}(\w+) /gm)].map(([, name = '']) => name);
  expect(commands).toContain('gc');
  const helpOf = async (name: string) => (await runMoorage(['help', ...name.split(' ')])).stdout;
  const own = await Promise.all(commands.map(helpOf));
  const below = own.flatMap((help, at) => {
    const [, inGroup = ''] = /^Commands:\n(.*)/ms.exec(help) ?? [];
    return [...inGroup.matchAll(/^ {2}(\w+) /gm)].map(([, name = '']) => `${commands[at]} ${name}`);
  });
  expect(below).toContain('access test');
  const helps = [...own, ...(await Promise.all(below.map(helpOf)))];
  const wide = [program, ...helps].flatMap((help) => help.split('\n')).filter((line) => line.length > 80);
  expect(wide).toEqual([]);
});

describe('moorage --version', () => {
  it('is that of package.json', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    const { code, stdout } = await runMoorage(['--version']);
    expect(code).toBe(0);
    expect(stdout).toBe(`moorage ${version} (Node ${process.versions.node})\n`);
  });
});

describe('a wrong command line', () => {
  it.each([
    [['--rot', 'x'], "unknown option '--rot'; did you mean --root?"],
    [['serve', '--frobnicate'], "unknown option '--frobnicate'."],
    [['sevre'], 'unknown command "sevre"; did you mean serve?'],
    [['help', 'sevre'], 'unknown command "sevre"; did you mean serve?'],
    [['serve', '--port', 'http'], '--port: "http" is not a port; write a number from 0 to 65535'],
    [['serve', '--port', '65536'], '--port: "65536" is not a port'],
    [['--port', '1', '--listen', ':2'], "option '--port <port>' cannot be used with option '--listen <host:port>'."],
    [['serve', 'extra'], 'cannot open "extra": there is no such file or directory'],
    [['--root'], "option '--root <dir>' argument missing."],
    [['--ephemeral', '--root', 'x'], "option '--ephemeral' cannot be used with option '--root <dir>'."],
    [['--listen', 'nowhere:at-all'], '--listen: server.listen: "nowhere:at-all" is not an address; write HOST:PORT'],
    [['--root', ' '], '--root: storage.root: " " is empty'],
    [['--config', ''], '--config: the name of the file is empty'],
    [['export', './image:v1', ''], 'a REF or the TARGET is empty'],
    [['export', './image:v1', ' '], 'a REF or the TARGET is empty'],
    [['export', '', 'image.tar'], 'a REF or the TARGET is empty'],
    [['import', '', 'team/app'], 'the name of an image or a path is empty'],
    [['import', './image', ''], '"" is not a repository name'],
    [['ls', ' '], 'the name of an image or a path is empty'],
    [['reconcile', ''], 'a PATH is empty'],
    [['app= '], '"app= " names no path'],
    [['serve', 'x\u001b[31m'], 'cannot open "x\\u{1b}[31m": there is no such'],
    [['ls', '--x\u009b31m'], "unknown option '--x\\u{9b}31m'"],
    [['--config', '\u001b[31m.yaml'], '\\u{1b}[31m.yaml: there is no such configuration file'],
    [['--config', 'none.yaml'], 'none.yaml: there is no such configuration file'],
  ])('%j is answered with one line and exit code 2', async (args, text) => {
    const { code, stdout, stderr } = await runMoorage(args);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toContain(text);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('a wrong configuration', () => {
  it('is shown whole, with files and lines, and exit code 2', async () => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'm.yaml'), 'server:\n  lissten: 1\nlog:\n  level: loud\n');
    const { code, stderr } = await runMoorage(['--config', 'm.yaml', '--listen', 'x y'], {
      directory,
      environment: { MOORAGE_LOGLEVEL: 'debug' },
    });
    expect(code).toBe(2);
    expect(stderr.split('\n')).toEqual([
      'moorage: 4 problems in the configuration:',
      '  m.yaml:2:3: "server.lissten" is not a setting; did you mean server.listen?',
      '  MOORAGE_LOGLEVEL: is not a setting of moorage; did you mean MOORAGE_LOG_LEVEL?',
      '  m.yaml:4:10: log.level: "loud" is not one of error, warn, info, debug',
      expect.stringMatching(/^ {2}--listen: server\.listen: "x y" is not an address; /),
      '',
    ]);
  });
});
