// `auth.groups`, from the file and from the environment.
import { describe, expect, it } from 'vitest';
import { parseConfigFile } from '../../../src/config/config-file.ts';
import { loadSettings } from '../../../src/config/load.ts';

async function groupsIn(value: unknown) {
  const flags = [{ path: 'auth.groups', value, origin: 'test' }];
  return (await loadSettings({ flags, environment: {}, file: undefined })).auth.groups;
}

async function problems(value: unknown): Promise<readonly string[]> {
  const error = await groupsIn(value).then(
    () => undefined,
    (problem: { readonly problems: readonly { readonly message: string }[] }) => problem,
  );
  return (error?.problems ?? []).map(({ message }) => message);
}

describe('auth.groups', () => {
  it('has no group unless one is written', async () => {
    const { auth } = await loadSettings({ flags: [], environment: {}, file: undefined });
    expect(auth.groups).toEqual(new Map());
    expect(auth.htpasswd).toBeUndefined();
  });

  it('is a section of the file', async () => {
    const { written } = await parseConfigFile(
      'moorage.yaml',
      'auth:\n  groups:\n    team: [anna, bert]\n    empty: []\n',
    );
    const { auth } = await loadSettings({ flags: written, environment: {}, file: undefined });
    expect(auth.groups).toEqual(
      new Map([
        ['team', ['anna', 'bert']],
        ['empty', []],
      ]),
    );
  });

  it('is JSON in the environment', async () => {
    const environment = { MOORAGE_AUTH_GROUPS: '{"team":["anna"],"__proto__":["bert"]}' };
    const { auth } = await loadSettings({ flags: [], environment, file: undefined });
    expect([...auth.groups]).toEqual([
      ['team', ['anna']],
      ['__proto__', ['bert']],
    ]);
  });

  it.each([
    ['team: [anna]', [expect.stringContaining('is not a section of groups')]],
    [['anna'], [expect.stringContaining('is not a section of groups')]],
    ['["anna"]', [expect.stringContaining('is not a section of groups')]],
    [{ team: 'anna' }, [expect.stringContaining('has a problem in the group "team": is not a list of users')]],
    [{ team: ['anna', 7] }, [expect.stringContaining('has a problem in the group "team": user 2 is not a name')]],
    [{ team: ['an\nna'] }, [expect.stringContaining('user 1 is not a name of 1 to 255 printable characters')]],
    [{ '': ['anna'] }, [expect.stringContaining('has a problem in the group "": is not a name')]],
  ])('%j has a problem', async (value, expected) => {
    expect(await problems(value)).toEqual(expected);
  });
});
