// `moorage config check|print|schema`, as they are used.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMoorage, scratchDirectory } from './moorage-process.ts';

async function run(args: readonly string[], text?: string, environment: Readonly<Record<string, string>> = {}) {
  const directory = await scratchDirectory();
  if (text !== undefined) await writeFile(join(directory, 'm.yaml'), text);
  return runMoorage(['config', ...args], { directory, environment });
}

const sound = 'server:\n  listen: :5000\nlog: {level: warn}\n';
const wrong = 'server:\n  lisen: :5000\nlog: {level: loud}\n';

describe('config check', () => {
  it.each([[['check', 'm.yaml']], [['check', '--config', 'm.yaml']]])(
    '%j says in one line that nothing is wrong',
    async (args) => {
      expect(await run(args, sound)).toMatchObject({ code: 0, stdout: 'm.yaml: nothing is wrong\n', stderr: '' });
    },
  );

  it('takes the file that the environment names', async () => {
    const { code, stdout } = await run(['check'], sound, { MOORAGE_CONFIG: 'm.yaml' });
    expect([code, stdout]).toEqual([0, 'm.yaml: nothing is wrong\n']);
  });

  it('prints every problem with its place, as serve does, and ends with 1', async () => {
    const { code, stdout, stderr } = await run(['check', 'm.yaml'], wrong);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('m.yaml:2:3: "server.lisen" is not a setting; did you mean server.listen?');
    expect(stderr).toContain('m.yaml:3:14: log.level: "loud" is not one of');
    const served = await runMoorage(['--config', 'm.yaml'], { directory: await directoryWith(wrong) });
    expect(served.stderr).toBe(stderr);
  });

  it('counts what the environment says, and settings that do not go together', async () => {
    const unknown = await run(['check', 'm.yaml'], sound, { MOORAGE_LOG_LEVLE: 'info' });
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('MOORAGE_LOG_LEVLE: is not a setting')]);
    const joint = await run(['check', 'm.yaml'], 'audit: {file: log}\nlog: {level: warn}\n');
    expect([joint.code, joint.stderr]).toEqual([1, expect.stringContaining('log needs log.level info')]);
  });

  it('has a document for programs', async () => {
    const good = await run(['check', 'm.yaml', '--json'], sound);
    expect([good.code, JSON.parse(good.stdout)]).toEqual([0, { file: 'm.yaml', problems: [] }]);
    const bad = await run(['check', 'm.yaml', '--json'], wrong);
    expect([bad.code, bad.stderr]).toEqual([1, '']);
    expect(JSON.parse(bad.stdout).problems.map(({ origin }: { origin: string }) => origin)).toEqual([
      'm.yaml:2:3',
      'm.yaml:3:14',
    ]);
  });

  it('refuses a file that is none with 1, and a command line that is none with 2', async () => {
    expect(await run(['check', 'absent.yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('absent.yaml: there is no such configuration file'),
    });
    const directory = await scratchDirectory();
    await mkdir(join(directory, 'm.yaml'));
    expect(await runMoorage(['config', 'check', 'm.yaml'], { directory })).toMatchObject({ code: 1 });
    for (const args of [['check', 'm.yaml', '--config', 'm.yaml'], ['check', ''], ['check', 'a', 'b'], ['chek'], []]) {
      expect(await run(args, sound), args.join(' ')).toMatchObject({ code: 2, stdout: '' });
    }
  });
});

describe('config print', () => {
  it('prints a file that says the same, and where each setting is from', async () => {
    const { code, stdout } = await run(['print', 'm.yaml'], sound, { MOORAGE_DELETES_ENABLED: 'off' });
    expect(code).toBe(0);
    expect(stdout).toContain('  listen: ":5000" # m.yaml:2:11\n');
    expect(stdout).toContain('  enabled: off # MOORAGE_DELETES_ENABLED\n');
    expect(stdout).toContain('  root: ./registry # default\n');
    const again = await run(['print', 'm.yaml'], stdout);
    const withoutOrigins = (text: string) => text.replaceAll(/ # .*$/gm, '');
    expect(withoutOrigins(again.stdout)).toBe(withoutOrigins(stdout));
  });

  it('has a document for programs', async () => {
    const { stdout } = await run(['print', '--json'], undefined, { MOORAGE_LOG_LEVEL: 'debug' });
    const { file, settings } = JSON.parse(stdout) as { file?: string; settings: readonly { path: string }[] };
    expect(file).toBeUndefined();
    expect(settings.find(({ path }) => path === 'log.level')).toEqual({
      path: 'log.level',
      value: 'debug',
      origin: 'MOORAGE_LOG_LEVEL',
    });
  });

  it('refuses what serve would refuse, with 2', async () => {
    expect(await run(['print', 'm.yaml'], wrong)).toMatchObject({ code: 2, stdout: '' });
  });
});

it('config schema prints what is shipped', async () => {
  const shipped = await readFile(new URL('../../config.schema.json', import.meta.url), 'utf8');
  expect(await run(['schema'])).toMatchObject({ code: 0, stdout: shipped, stderr: '' });
});

async function directoryWith(text: string): Promise<string> {
  const directory = await scratchDirectory();
  await writeFile(join(directory, 'm.yaml'), text);
  return directory;
}
