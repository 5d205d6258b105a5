// What `serve PATH...` makes of its paths: kinds, names, and what cannot be served together.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MountArgumentError } from '../../../src/mounts/mount-argument.ts';
import { inMemory, type OpenMountsOptions, openMounts } from '../../../src/mounts/open-mounts.ts';
import { writeLayout } from '../../support/fixture-layouts.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Directories `root` (of the repository team/app) and `images` (a layout), and `images.tar`. */
async function places() {
  const directory = await temporaryDirectory();
  writeLayout(join(directory, 'root/team/app'), 'generated/oras/tagged');
  writeLayout(join(directory, 'images'), 'generated/oras/tagged');
  execFileSync('tar', ['-cf', join(directory, 'archive.tar'), '-C', join(directory, 'images'), '.']);
  const open = async (paths: readonly string[], options: Partial<OpenMountsOptions> = {}) => {
    const mounts = await openMounts({
      paths: paths.map((path) => path.replace('@', directory)),
      root: undefined,
      readOnly: false,
      cacheDirectory: join(directory, 'cache'),
      fileMode: 0o644,
      directoryMode: 0o755,
      links: defaultRules.links,
      log: silentLog,
      ...options,
    });
    onTestFinished(async () => void (await Promise.all(mounts.map(({ reader }) => reader.close()))));
    return mounts;
  };
  const described = async (paths: readonly string[], options: Partial<OpenMountsOptions> = {}) =>
    (await open(paths, options)).map(
      ({ name, kind, writer }) => `${kind} ${name}${writer === undefined ? ' read-only' : ''}`,
    );
  return { directory, open, described };
}

describe('a path', () => {
  it('is a root, a layout or an archive, named after itself', async () => {
    const { described } = await places();
    expect(await described(['@/root'])).toEqual(['root ']);
    expect(await described(['@/images'])).toEqual(['layout images']);
    expect(await described(['@/archive.tar'])).toEqual(['archive archive read-only']);
    expect(await described(['@/root', '@/images', '@/archive.tar'])).toEqual([
      'root ',
      'layout images',
      'archive archive read-only',
    ]);
  });

  it('that is one root of several is named after itself, too', async () => {
    const { directory, described } = await places();
    mkdirSync(join(directory, 'more'));
    expect(await described(['@/root', '@/more'])).toEqual(['root root', 'root more']);
    expect(await described(['@/root'], { root: join(directory, 'own') })).toEqual(['root ', 'root root']);
    expect(await described(['@/root'], { root: inMemory })).toEqual(['root ', 'root root']);
  });

  it('has the name that it is given, and is read-only when that is wanted', async () => {
    const { described } = await places();
    expect(await described(['a/b=@/root', 'c=@/images:ro'])).toEqual(['root a/b', 'layout c read-only']);
    expect(await described(['@/images'], { readOnly: true })).toEqual(['layout images read-only']);
  });

  it('that is a link leads to where it leads', async () => {
    const { directory, described } = await places();
    symlinkSync(join(directory, 'images'), join(directory, 'linked'));
    expect(await described(['@/linked'])).toEqual(['layout linked']);
  });

  it.each(['@/nothing', '@/images/index.json/x', 'x=@/nothing:ro'])(
    'that is not there is refused: %s',
    async (path) => {
      const { open } = await places();
      await expect(open([path])).rejects.toThrow(/there is no such file or directory/);
    },
  );

  it('that is a pipe is refused', async () => {
    const { directory, open } = await places();
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    await expect(open(['@/pipe'])).rejects.toThrow(/neither a directory nor a file/);
  });
});

describe('several paths', () => {
  it('of one name are refused, with the way out', async () => {
    const { directory, open } = await places();
    writeLayout(join(directory, 'other/images'), 'generated/oras/tagged');
    await expect(open(['@/images', '@/other/images'])).rejects.toThrow(/both called "images"; give one another name/);
    await expect(open(['@/images', '@/images'])).rejects.toThrow(MountArgumentError);
  });

  it.each([[['a=@/images', 'b=@/images']], [['@/root', '@/root/team/app']], [['@/root/team/app', '@/root']]])(
    'that are written to in two ways are refused: %s',
    async (paths) => {
      const { open } = await places();
      await expect(open(paths)).rejects.toThrow(/which is served as well; leave it out/);
    },
  );

  it('one inside of --root is refused, also by way of a link', async () => {
    const { directory, open } = await places();
    symlinkSync(join(directory, 'root/team/app'), join(directory, 'linked'));
    await expect(open(['@/linked'], { root: join(directory, 'root') })).rejects.toThrow(/lies in/);
  });

  it('may be one directory when all but one are read-only', async () => {
    const { described } = await places();
    expect(await described(['@/root', 'app=@/root/team/app:ro', 'b=@/images', 'c=@/images:ro'])).toEqual([
      'root ',
      'layout app read-only',
      'layout b',
      'layout c read-only',
    ]);
    expect(await described(['b=@/images', 'c=@/images'], { readOnly: true })).toHaveLength(2);
  });

  it('that only begin alike are two', async () => {
    const { directory, described } = await places();
    writeLayout(join(directory, 'images2'), 'generated/oras/tagged');
    expect(await described(['@/images', '@/images2'])).toHaveLength(2);
  });
});

describe('a directory of archives', () => {
  it('is the archives in it, and takes no pushes: it is not meant to become a registry', async () => {
    const { directory, described, open } = await places();
    mkdirSync(join(directory, 'usb/site'), { recursive: true });
    copyFileSync(join(directory, 'archive.tar'), join(directory, 'usb/App-1.2.tar'));
    copyFileSync(join(directory, 'archive.tar'), join(directory, 'usb/site/app.tar'));
    const expected = ['root  read-only', 'archive app-1.2 read-only', 'archive site/app read-only'];
    expect(await described(['@/usb'])).toEqual(expected);
    const named = await described(['stick=@/usb', '@/root']);
    expect(named).toContain('archive stick/app-1.2 read-only');
    const [root] = await open(['@/usb']);
    expect(root?.archives?.mounts.map(({ foundIn }) => foundIn)).toEqual([
      join(directory, 'usb'),
      join(directory, 'usb'),
    ]);
  });

  it('that was pushed to before takes pushes as before', async () => {
    const { directory, described } = await places();
    mkdirSync(join(directory, 'old/.moorage'), { recursive: true });
    copyFileSync(join(directory, 'archive.tar'), join(directory, 'old/backup.tar'));
    expect(await described(['@/old'])).toEqual(['root ', 'archive backup read-only']);
  });

  it('whose only archive is broken takes none either', async () => {
    const { directory, described } = await places();
    mkdirSync(join(directory, 'usb'));
    writeFileSync(join(directory, 'usb/broken.tar'), 'no tar');
    expect(await described(['@/usb'])).toEqual(['root  read-only']);
  });

  it('that has layouts, too, goes on as the root that it is, with the archives beside', async () => {
    const { directory, described } = await places();
    copyFileSync(join(directory, 'archive.tar'), join(directory, 'root/more.tar'));
    copyFileSync(join(directory, 'archive.tar'), join(directory, 'root/team.tar'));
    expect(await described(['@/root'])).toEqual(['root ', 'archive more read-only']);
    expect(await described(['@/root'], { onlyLayouts: true })).toEqual(['root ']);
  });

  it('that is --root is left alone', async () => {
    const { directory, described } = await places();
    copyFileSync(join(directory, 'archive.tar'), join(directory, 'root/more.tar'));
    expect(await described([], { root: join(directory, 'root') })).toEqual(['root ']);
  });
});

describe('a directory that skopeo wrote for dir:', () => {
  it('is said to be one, with the command that converts it', async () => {
    const { directory, open } = await places();
    const path = join(directory, 'a dir');
    mkdirSync(path);
    for (const name of ['manifest.json', 'version', 'a'.repeat(64)]) writeFileSync(join(path, name), '');
    const said: object[] = [];
    await open([path], { log: { info: () => {}, slow: () => {}, warn: (_, details) => void said.push(details) } });
    expect(said).toEqual([{ path, command: `skopeo copy 'dir:${path}' 'oci:${path}-oci:latest'` }]);
  });
});

describe('--root', () => {
  it('that is a layout itself is served as a directory of layouts, and somebody is told', async () => {
    const { directory, open } = await places();
    const warnings: string[] = [];
    const log = { info: () => {}, slow: () => {}, warn: (message: string) => void warnings.push(message) };
    const [mount] = await open([], { root: join(directory, 'images'), log });
    expect(mount).toMatchObject({ name: '', kind: 'root' });
    expect(warnings).toEqual([expect.stringContaining('is itself a layout')]);
    await open([], { root: join(directory, 'root'), log });
    expect(warnings).toHaveLength(1);
  });
});

describe('work files', () => {
  it('of paths go to the cache directory, which is private, and the paths stay as they are', async () => {
    const { directory, open } = await places();
    const before = statSync(join(directory, 'images')).mtimeMs;
    await open(['@/images', '@/root']);
    expect(statSync(join(directory, 'cache')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(directory, 'images')).sort()).toEqual(['blobs', 'index.json', 'ingest', 'oci-layout']);
    expect(readdirSync(join(directory, 'root'))).toEqual(['team']);
    expect(statSync(join(directory, 'images')).mtimeMs).toBe(before);
  });

  it('go below --root where there is one, with its modes', async () => {
    const { directory, open } = await places();
    await open(['@/images'], { root: join(directory, 'own'), directoryMode: 0o750 });
    expect(statSync(join(directory, 'own/.moorage')).mode & 0o777).toBe(0o750);
    expect(readdirSync(directory)).not.toContain('cache');
  });

  it('are done without where the cache directory cannot be made', async () => {
    const { directory, open } = await places();
    writeFileSync(join(directory, 'file'), '');
    const [mount] = await open(['@/images'], { cacheDirectory: join(directory, 'file/cache') });
    expect(mount).toMatchObject({ name: 'images', facts: undefined });
  });
});
