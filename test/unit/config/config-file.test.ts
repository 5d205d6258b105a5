// Reading the YAML file: values with their place, unknown keys, wrong shapes.
import { describe, expect, it } from 'vitest';
import { parseConfigFile } from '../../../src/config/config-file.ts';

describe('parseConfigFile', () => {
  it('tells where each value stands', async () => {
    const { written, problems } = await parseConfigFile('m.yaml', 'server:\n  readOnly: true\n\n  listen: 5001\n');
    expect(problems).toEqual([]);
    expect(written).toEqual([
      { path: 'server.readOnly', value: true, origin: 'm.yaml:2:13' },
      { path: 'server.listen', value: 5001, origin: 'm.yaml:4:11' },
    ]);
  });

  it('reads JSON, which is YAML', async () => {
    const { written } = await parseConfigFile('m.json', '{"log": {"level": "warn"}}');
    expect(written).toEqual([{ path: 'log.level', value: 'warn', origin: 'm.json:1:19' }]);
  });

  it('reports unknown sections and keys with the one that was meant', async () => {
    const source = 'servr:\n  listen: x\nserver:\n  lisen: x\n  readonly: true\n  colour: blue\n';
    const { problems } = await parseConfigFile('m.yaml', source);
    expect(problems.map(({ origin, message }) => `${origin} ${message}`)).toEqual([
      'm.yaml:1:1 "servr" is not a setting; did you mean server?',
      'm.yaml:4:3 "server.lisen" is not a setting; did you mean server.listen?',
      'm.yaml:5:3 "server.readonly" is not a setting; did you mean server.readOnly?',
      expect.stringContaining('m.yaml:6:3 "server.colour" is not a setting; known here: server.listen, server.hosts'),
    ]);
  });

  it('takes an empty file, an empty section and an empty value for nothing written', async () => {
    for (const source of ['', '# nothing\n', 'server:\n', 'server:\n  # listen: x\n', 'server:\n  listen:\n']) {
      expect(await parseConfigFile('m.yaml', source), source).toEqual({ written: [], problems: [] });
    }
  });

  it('refuses an empty value of what is to keep people out', async () => {
    const source = 'auth:\n  htpasswd:\nserver: {tls: {certificate: , clientCA: ~}}\naccess:\naudit: {file: }\n';
    const { written, problems } = await parseConfigFile('m.yaml', source);
    expect(written).toEqual([]);
    expect(problems).toEqual(
      [
        ['m.yaml:2:3', 'auth.htpasswd'],
        ['m.yaml:3:16', 'server.tls.certificate'],
        ['m.yaml:3:31', 'server.tls.clientCA'],
        ['m.yaml:4:1', 'access'],
        ['m.yaml:5:9', 'audit.file'],
      ].map(([origin, path]) => ({
        origin,
        message: `${path} is written without a value; give it one, or leave it out`,
      })),
    );
  });

  it('refuses a section that is no map, and a file that is none', async () => {
    expect((await parseConfigFile('m.yaml', 'log: debug\n')).problems).toEqual([
      { origin: 'm.yaml:1:6', message: '"log" is not a section of keys (level, requests, format)' },
    ]);
    expect((await parseConfigFile('m.yaml', '- log\n')).problems).toEqual([
      { origin: 'm.yaml:1:1', message: expect.stringContaining('the file is not a section of keys (storage, server,') },
    ]);
  });

  it('reports what is not YAML, and a key written twice, with the line', async () => {
    const twice = await parseConfigFile('m.yaml', 'log:\n  level: info\n  level: warn\n');
    expect(twice.problems).toEqual([{ origin: 'm.yaml:3:3', message: 'Map keys must be unique' }]);
    const broken = await parseConfigFile('m.yaml', 'log:\n  level: "info\n');
    expect(broken.problems[0]?.origin).toMatch(/^m\.yaml:[23]:/);
  });
});
