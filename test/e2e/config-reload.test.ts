// A server follows its configuration file: what changes without a restart, what waits for one, and what changes nothing at all.
import { mkdir, rename, rm, rmdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';
import { statusOf, until, workersOf } from './worker-processes.ts';

const deletesOff = 'deletes: {enabled: false}\n';

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly changed?: readonly string[];
  readonly afterRestart?: readonly string[];
  readonly problems?: readonly string[];
  readonly route?: string;
}

/** Serves by m.yaml in a directory of its own, which says `first`. */
async function served(first: string, workers: number, environment: Readonly<Record<string, string>> = {}) {
  const directory = await scratchDirectory();
  const path = join(directory, 'm.yaml');
  await writeFile(path, first);
  const args = ['--config', 'm.yaml', '--listen', '127.0.0.1:0', '--workers', String(workers)];
  const moorage = await startMoorage(args, { directory, environment });
  const { url } = await moorage.ready();
  if (workers > 1) await moorage.says(/all workers answer requests/);
  const lines = () =>
    moorage.stderr
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine);
  const reloads = () => lines().filter(({ msg }) => msg.includes('configuration'));
  /** The next line about the configuration. */
  const said = async (act: () => Promise<unknown> | unknown): Promise<LogLine> => {
    const before = reloads().length;
    await act();
    await until(() => reloads().length > before);
    const [line] = reloads().slice(before);
    if (line === undefined) throw new Error('nothing was said');
    return line;
  };
  const write = async (text: string) => {
    await writeFile(`${path}.draft`, text);
    await rename(`${path}.draft`, path);
  };
  /** Each on a connection of its own, so that every worker has some. */
  const statuses = async (target: string, method = 'GET') => {
    const asked = Array.from({ length: 4 * workers }, () =>
      fetch(`${url}${target}`, { method, headers: { connection: 'close' } }),
    );
    return new Set((await Promise.all(asked)).map(({ status }) => status));
  };
  return { moorage, url, directory, path, lines, said, write, statuses };
}

describe.each([1, 2])('a server of %i that runs', (workers) => {
  it('takes what changed in the file, in all of its processes, and says it', async () => {
    const { url, said, write, statuses } = await served('log: {level: info}\n', workers);
    const remove = () => statuses('/v2/team/app/manifests/v1', 'DELETE');
    expect(await remove()).toEqual(new Set([404]));
    const line = await said(() => write(`log: {level: info}\n${deletesOff}server: {warning: closing at six}\n`));
    expect(line).toMatchObject({
      level: 'info',
      changed: ['server.warning: unset -> closing at six', 'deletes.enabled: true -> false'],
    });
    expect(line.afterRestart).toBeUndefined();
    expect(await remove()).toEqual(new Set([405]));
    const answers = await Promise.all(
      Array.from({ length: 4 * workers }, () => fetch(`${url}/v2/`, { headers: { connection: 'close' } })),
    );
    expect(new Set(answers.map(({ headers }) => headers.get('warning')))).toEqual(new Set(['299 - "closing at six"']));
    await said(() => write('log: {level: info}\n'));
    expect(await remove()).toEqual(new Set([404]));
  });

  it('says which changes wait for a restart, and goes on as before in these', async () => {
    const { said, write, url } = await served('manifests: {maxSize: 4MiB}\n', workers);
    const text = 'manifests: {maxSize: 8MiB}\nstorage: {root: elsewhere}\nserver: {readOnly: true}\n';
    expect(await said(() => write(text))).toMatchObject({
      changed: ['manifests.maxSize: 4MiB -> 8MiB'],
      afterRestart: ['storage.root: ./registry -> elsewhere', 'server.readOnly: false -> true'],
    });
    const body = JSON.stringify({ schemaVersion: 2, annotations: { a: 'x'.repeat(5 * 1024 * 1024) } });
    const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
    const put = await fetch(`${url}/v2/team/app/manifests/v1`, { method: 'PUT', headers, body });
    expect(put.status).not.toBe(413);
    expect(await statusOf(`${url}/v2/team/app/blobs/uploads/`)).not.toBe(403);
    expect((await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST' })).status).toBe(202);
  });

  it('stays as it is with a file that is wrong, says every problem once, and takes the right one after it', async () => {
    const { said, write, statuses, lines, moorage } = await served(deletesOff, workers);
    const removed = () => statuses('/v2/team/app/manifests/v1', 'DELETE');
    const line = await said(() => write('deletes: {enabled: maybe}\nlog: {levle: debug}\n'));
    expect(line).toMatchObject({
      level: 'warn',
      problems: [
        'm.yaml:2:7: "log.levle" is not a setting; did you mean log.level?',
        'm.yaml:1:20: deletes.enabled: "maybe" is neither true nor false',
      ],
    });
    expect(await removed()).toEqual(new Set([405]));
    // Several looks go by, and nobody says it again.
    const asked = () => lines().filter(({ msg }) => msg.includes('stay as they are')).length;
    expect(await said(() => moorage.signal('SIGHUP'))).toMatchObject({ level: 'warn' });
    expect(asked()).toBe(2);
    expect(await said(() => write('deletes: {enabled: true}\n'))).toMatchObject({
      changed: ['deletes.enabled: false -> true'],
    });
    expect(await removed()).toEqual(new Set([404]));
    expect(asked()).toBe(2);
  });

  it('reads it again at a SIGHUP without a terminal, and says so where nothing changes', async () => {
    const { said, moorage, statuses } = await served(deletesOff, workers);
    const line = await said(() => moorage.signal('SIGHUP'));
    expect(line.msg).toContain('nothing changes');
    expect(line.changed ?? line.afterRestart).toBeUndefined();
    expect(await statuses('/v2/')).toEqual(new Set([200]));
  });

  it('writes lines of requests or none, and more or less of the rest', async () => {
    const { said, write, statuses, lines } = await served('log: {level: info, requests: false}\n', workers);
    await said(() => write('log: {level: warn, requests: false}\n'));
    expect(await said(() => write('log: {level: debug, requests: false}\n'))).toMatchObject({
      changed: ['log.level: warn -> debug'],
    });
    await statuses('/v2/');
    const line = await said(() => write('log: {level: error}\n'));
    expect(line).toMatchObject({ changed: ['log.level: debug -> error', 'log.requests: false -> true'] });
    expect(lines().filter(({ msg }) => msg === 'request')).toEqual([]);
    await said(() => write('log: {level: info}\n'));
    await statuses('/v2/');
    await until(() => lines().some(({ msg }) => msg === 'request'));
  });
});

describe('the file of a server that runs, when it is', () => {
  it.each([
    [
      'replaced by a directory',
      'it is a directory',
      async (path: string) => {
        await rm(path);
        await mkdir(path);
      },
    ],
    ['removed', 'there is no such file', (path: string) => rm(path)],
    ['huge', 'it has more than', (path: string) => truncate(path, 2 ** 40)],
    ['emptied', 'has no settings any more', (path: string) => truncate(path, 0)],
    [
      'half written',
      'Missing closing',
      (path: string) => writeFile(path, 'deletes: {enabled: true}\nserver: {warning: "clos'),
    ],
    [
      'a circle of links',
      'symbolic links lead in a circle',
      async (path: string) => {
        await rm(path);
        await symlink('m.yaml', path);
      },
    ],
  ] as const)('%s, changes nothing, and the next one is taken', async (_what, problem, replace) => {
    const { said, path, write, statuses } = await served(deletesOff, 1);
    const line = await said(() => replace(path));
    expect(line.level).toBe('warn');
    expect(line.problems?.join()).toContain(problem);
    expect(await statuses('/v2/team/app/manifests/v1', 'DELETE')).toEqual(new Set([405]));
    await rmdir(path).catch(() => {});
    expect(await said(() => write('deletes: {enabled: true}\n'))).toMatchObject({
      changed: ['deletes.enabled: false -> true'],
    });
  });

  it('behind the swapped links of Kubernetes, is followed', async () => {
    const { said, directory, path, statuses } = await served(deletesOff, 1);
    for (const [version, text] of [
      ['one', deletesOff],
      ['two', 'deletes: {enabled: true}\n'],
    ] as const) {
      await mkdir(join(directory, version));
      await writeFile(join(directory, version, 'm.yaml'), text);
    }
    await symlink('one', join(directory, '..data'));
    await symlink('..data/m.yaml', `${path}.link`);
    await rename(`${path}.link`, path);
    await symlink('two', join(directory, '..data_tmp'));
    const line = await said(() => rename(join(directory, '..data_tmp'), join(directory, '..data')));
    expect([line.changed, line.msg]).toEqual([
      ['deletes.enabled: false -> true'],
      'the configuration was read again, and is followed',
    ]);
    expect(await statuses('/v2/team/app/manifests/v1', 'DELETE')).toEqual(new Set([404]));
  });

  it('is overruled by the environment, also later', async () => {
    const { said, write, statuses } = await served(deletesOff, 1, { MOORAGE_DELETES_ENABLED: 'false' });
    const line = await said(() => write('deletes: {enabled: true}\nserver: {warning: new}\n'));
    expect(line.changed).toEqual(['server.warning: unset -> new']);
    expect(await statuses('/v2/team/app/manifests/v1', 'DELETE')).toEqual(new Set([405]));
  });
});

describe('rules of a server that runs', () => {
  const rules = (who: string) => `access:\n  - {repositories: "public/**", who: anonymous, may: pull}\n${who}`;

  it('are followed where somebody is asked who they are', async () => {
    const { said, write, statuses } = await served(rules(''), 2);
    expect(await statuses('/v2/public/app/tags/list')).toEqual(new Set([404]));
    expect(await statuses('/v2/team/app/tags/list')).toEqual(new Set([401]));
    const line = await said(() => write(rules('  - {repositories: "team/**", who: anonymous, may: pull}\n')));
    expect(line.changed?.join()).toContain('access: ');
    expect(await statuses('/v2/team/app/tags/list')).toEqual(new Set([404]));
    await said(() => write(rules('')));
    expect(await statuses('/v2/team/app/tags/list')).toEqual(new Set([401]));
  });

  it('wait for a restart where nobody is, and where nobody would be any more', async () => {
    const open = await served('log: {level: info}\n', 1);
    const begun = await open.said(() => open.write(rules('')));
    expect([begun.changed, begun.afterRestart?.length]).toEqual([undefined, 1]);
    expect(await open.statuses('/v2/team/app/tags/list')).toEqual(new Set([404]));
    const shut = await served(rules(''), 1);
    const ended = await shut.said(() => shut.write('log: {level: info}\n'));
    expect([ended.changed, ended.afterRestart?.length]).toEqual([undefined, 1]);
    expect(await shut.statuses('/v2/team/app/tags/list')).toEqual(new Set([401]));
  });
});

it.runIf(process.platform === 'linux')(
  'a worker that is started later begins with what the others were told',
  async () => {
    const { said, write, statuses, moorage, lines } = await served('log: {level: info}\n', 2);
    await said(() => write(deletesOff));
    const [victim] = await workersOf(moorage);
    if (victim === undefined) throw new Error('there is no worker');
    process.kill(victim, 'SIGKILL');
    await until(async () => {
      const now = await workersOf(moorage);
      return now.length === 2 && !now.includes(victim);
    });
    await moorage.says(/a worker process ended and is replaced/);
    // The new one has to listen, too: each answers some of them.
    for (let round = 0; round < 10; round += 1) {
      expect(await statuses('/v2/team/app/manifests/v1', 'DELETE')).toEqual(new Set([405]));
    }
    expect(lines().filter(({ level }) => level === 'error')).toEqual([]);
  },
);

describe('at the start', () => {
  it.each([
    ['a directory', 'is a directory, not a configuration file', (path: string) => mkdir(path)],
    [
      'huge',
      'and is no configuration file',
      async (path: string) => {
        await writeFile(path, '');
        await truncate(path, 2 ** 40);
      },
    ],
    ['half written', 'Missing closing', (path: string) => writeFile(path, 'server: {warning: "clos')],
  ] as const)('a configuration file that is %s is refused with its problem, and 2', async (_what, problem, make) => {
    const directory = await scratchDirectory();
    await make(join(directory, 'm.yaml'));
    const { code, stderr } = await runMoorage(['--config', 'm.yaml', '--listen', '0'], { directory });
    expect(stderr).toMatch(/^moorage: (?:\d+ problems in the configuration:\n {2})?m\.yaml/);
    expect(stderr).toContain(problem);
    expect(code).toBe(2);
  });
});
