// Names of the server as they are written.
import { describe, expect, it } from 'vitest';
import { parseHostList } from '../../../src/config/host-list.ts';
import { loadSettings } from '../../../src/config/load.ts';

describe('a list of host names', () => {
  it.each([
    ['registry.example', ['registry.example']],
    ['Registry.Example., my_registry ,', ['registry.example', 'my_registry']],
    [
      ['a.example', 'b.example'],
      ['a.example', 'b.example'],
    ],
    ['any', 'any'],
    [['any'], 'any'],
  ] as const)('%j', (written, list) => {
    expect(parseHostList(written)).toEqual(list);
  });

  it.each([
    '',
    ',',
    'registry.example:443',
    'https://registry.example',
    '*.example',
    'any, a.example',
    'a b',
    [],
    [''],
    '-a',
  ])('%j is none', (written) => {
    expect(parseHostList(written)).toBeUndefined();
  });

  it('comes from the environment, separated by commas', async () => {
    const environment = { MOORAGE_SERVER_HOSTS: 'a.example,b.example' };
    const { server } = await loadSettings({ flags: [], environment, file: undefined });
    expect(server.hosts).toEqual(['a.example', 'b.example']);
    const wrong = { MOORAGE_SERVER_HOSTS: 'a.example:443' };
    await expect(loadSettings({ flags: [], environment: wrong, file: undefined })).rejects.toThrow(
      'without scheme and port',
    );
  });
});
