// `moorage inspect`, and what `moorage serve` says is hidden, as a user runs them.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeLayout } from '../support/fixture-layouts.ts';
import { type Exit, programIsPublic, runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const image = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b';

interface Listed {
  readonly severity: string;
  readonly code: string;
  readonly why: string;
  readonly remedy: string;
}

interface Document {
  readonly source: string;
  readonly layouts: readonly { readonly name: string; readonly findings: readonly Listed[] }[];
  readonly summary: { readonly errors: number; readonly warnings: number; readonly notes: number };
}

/** ./registry with a whole repository and four that hide something, ./images.tar.gz of one layout. */
async function machine() {
  const directory = await scratchDirectory();
  for (const [path, fixture] of [
    ['registry/team/app', 'recorded/regctl/referrers'],
    ['registry/team/dangling', 'generated/skopeo/tagged'],
    ['registry/team/broken', 'generated/skopeo/tagged'],
    ['registry/team/twice', 'generated/crane/dup-pull'],
    ['registry/team/newer', 'generated/skopeo/tagged'],
    ['registry/team/nothing', 'generated/zot/empty'],
    ['images', 'recorded/oras/referrers-attached'],
  ] as const) {
    mkdirSync(join(directory, path), { recursive: true });
    writeLayout(join(directory, path), fixture);
  }
  rmSync(join(directory, `registry/team/dangling/blobs/${image.replace(':', '/')}`));
  writeFileSync(join(directory, 'registry/team/broken/index.json'), '{"manifests":[');
  writeFileSync(join(directory, 'registry/team/newer/oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
  execFileSync('tar', ['-czf', join(directory, 'images.tar.gz'), '-C', join(directory, 'images'), '.']);
  const environment = { XDG_CACHE_HOME: join(directory, 'cache') };
  const moorage = (...args: string[]): Promise<Exit> => runMoorage(args, { directory, environment });
  return { directory, environment, moorage };
}

describe('moorage inspect', () => {
  it('prints findings by layout, the worst first, and exits with 1 when there are errors or warnings', async () => {
    const { moorage } = await machine();
    const { code, stdout, stderr } = await moorage('inspect', 'registry/team/dangling');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const file = `blobs/${image.replace(':', '/')}`;
    expect(stdout).toContain(`  error dangling-tag\n      v1  ${image}  ${file}\n    why: its manifest is not there`);
    expect(stdout).toMatch(/\n1 error, 0 warnings, 0 notes in 1 layout\n$/);
  });

  it('exits with 0 where there are only notes, of a layout, an archive, and a repository below --root', async () => {
    const { moorage } = await machine();
    for (const where of [['images'], ['images.tar.gz'], ['team/app', '--root', 'registry'], ['registry/team/app']]) {
      const { code, stdout, stderr } = await moorage('inspect', ...where);
      const waited = where[0] === 'images.tar.gz' ? 'note: unpacking an archive, once' : '';
      expect({ code, stderr }, where.join(' ')).toEqual({
        code: 0,
        stderr: expect.stringMatching(new RegExp(`^${waited}.*\n?$`)),
      });
      expect(stdout).toMatch(/\n0 errors, 0 warnings, [1-9] notes in 1 layout\n$/);
    }
  });

  it('--json is one document, each finding with what it means and what to do', async () => {
    const { moorage } = await machine();
    const { code, stdout } = await moorage('inspect', 'registry', '--json', '--scan', '--verify');
    expect(code).toBe(1);
    const { source, layouts, summary } = JSON.parse(stdout) as Document;
    expect(source).toMatch(/registry$/);
    const codes = Object.fromEntries(layouts.map(({ name, findings }) => [name, findings.map((each) => each.code)]));
    expect(codes).toEqual({
      'team/app': ['hidden-referrers-tag', 'unlisted-referrer', 'unlisted-referrer'],
      'team/broken': ['index-unreadable'],
      'team/dangling': ['dangling-tag'],
      'team/newer': ['other-layout-version'],
      'team/nothing': [],
      'team/twice': ['hidden-duplicate'],
    });
    expect(summary).toEqual({ errors: 3, warnings: 1, notes: 3 });
    for (const { severity, why, remedy } of layouts.flatMap(({ findings }) => findings)) {
      expect(['error', 'warning', 'note']).toContain(severity);
      expect(why.length * remedy.length).toBeGreaterThan(0);
    }
  });

  it('looks at a running registry', async () => {
    const { directory, environment, moorage } = await machine();
    const server = await startMoorage(['--root', 'registry', '--listen', '127.0.0.1:0'], { directory, environment });
    const { port } = await server.ready();
    const whole = await moorage('inspect', `localhost:${port}/team/app`, '--json');
    expect(whole.code).toBe(0);
    const dangling = await moorage('inspect', `localhost:${port}/team/dangling`, '--json');
    expect(dangling.code).toBe(1);
    expect((JSON.parse(dangling.stdout) as Document).layouts[0]?.findings[0]?.code).toBe('dangling-tag');
  });

  it('says what is wrong with the command line, and what is not there', async () => {
    const { directory, moorage } = await machine();
    mkdirSync(join(directory, 'void'));
    expect(await moorage('inspect', '--bogus')).toMatchObject({ code: 2, stdout: '' });
    expect(await moorage('inspect', 'a', 'b')).toMatchObject({ code: 2, stdout: '' });
    const absent = await moorage('inspect', './nowhere');
    expect(absent).toMatchObject({ code: 1, stdout: '' });
    expect(absent.stderr).toMatch(/^moorage: there is no layout, archive or directory of layouts at .*nowhere\n$/);
    const empty = await moorage('inspect', './void');
    expect(empty).toMatchObject({ code: 1, stdout: '' });
    expect(empty.stderr).toMatch(/^moorage: there is no layout in .*void\n$/);
  });

  it('writes nothing into what it looks at', async () => {
    const { directory, moorage } = await machine();
    const look = () =>
      readdirSync(join(directory, 'registry'), { recursive: true })
        .map((path) => `${path} ${statSync(join(directory, 'registry', String(path))).mtimeMs}`)
        .sort();
    const before = look();
    await moorage('inspect', 'registry', '--scan', '--verify');
    expect(look()).toEqual(before);
  });

  it.skipIf(process.getuid?.() !== 0 || !programIsPublic())('tells what this user may not read', async () => {
    const { directory } = await machine();
    chmodSync(directory, 0o755);
    chmodSync(join(directory, 'registry/team/app/index.json'), 0o600);
    const environment = { XDG_CACHE_HOME: '/nonexistent' };
    const looked = await runMoorage(['inspect', 'registry/team/app', '--json'], {
      directory,
      environment,
      userId: 65_534,
    });
    expect(looked).toMatchObject({ code: 1, stderr: '' });
    const { layouts } = JSON.parse(looked.stdout) as Document;
    expect(layouts[0]?.findings.map(({ code }) => code)).toEqual(['unreadable-file', 'private-index']);
  });
});

describe('moorage serve', () => {
  it('lists every repository, says what is hidden, and serves the rest', async () => {
    const { directory, environment } = await machine();
    symlinkSync(join(directory, 'images'), join(directory, 'registry/linked'));
    mkdirSync(join(directory, 'registry/Upper'));
    writeLayout(join(directory, 'registry/Upper'), 'generated/skopeo/tagged');
    const server = await startMoorage(['serve', 'registry', '--listen', '127.0.0.1:0'], { directory, environment });
    const { port, url } = await server.ready();
    await expect.poll(() => server.stdout, { timeout: 60_000 }).toContain('things are hidden');
    const listed = server.stdout.slice(server.stdout.indexOf('  5 repositories'));
    expect(listed).toContain(`docker pull localhost:${port}/team/app:v1\n`);
    // It lists nothing: there is nothing to pull.
    expect(listed).not.toContain('team/nothing');
    expect(listed).toMatch(/team\/broken {4}cannot be served: .*index\.json/);
    expect(listed).toMatch(/team\/newer {4}cannot be served: .*version "2\.0\.0", and only 1\.0\.0 is understood/);
    const hidden = listed.slice(listed.indexOf('  6 things are hidden (moorage inspect '));
    expect(
      hidden
        .split('\n')
        .filter((line) => /^ {4}[a-z]/.test(line))
        .map((line) => line.trim().split('  ').slice(0, 2)),
    ).toEqual(
      expect.arrayContaining([
        ['symbolic-link', 'linked'],
        ['unserved-directory', 'Upper'],
        ['dangling-tag', 'team/dangling:v1'],
        ['index-unreadable', 'team/broken'],
        ['other-layout-version', 'team/newer'],
        ['hidden-duplicate', 'team/twice'],
      ]),
    );
    expect((await fetch(`${url}/v2/team/newer/manifests/v1`)).status).toBe(503);
    expect((await fetch(`${url}/v2/team/app/manifests/v1`)).status).toBe(200);
  });

  it('says so when a PATH holds no layout', async () => {
    const { directory, environment } = await machine();
    mkdirSync(join(directory, 'documents'));
    writeFileSync(join(directory, 'documents/letter.txt'), 'Dear');
    const server = await startMoorage(['serve', 'documents', '--listen', '127.0.0.1:0'], { directory, environment });
    await server.ready();
    await expect
      .poll(() => server.stdout, { timeout: 60_000 })
      .toMatch(/documents holds no image layout; what is pushed becomes one/);
  });
});
