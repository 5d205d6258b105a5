// What is published: complete, and installed on the oldest Node without a complaint.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

interface Locked {
  readonly dev?: boolean;
  readonly engines?: { readonly node?: string };
}

const locked = Object.entries(
  (JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> })
    .packages,
);

describe('the package', () => {
  it('holds what its package.json leads to, and every licence', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: repository });
    const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[];
    const paths = packed?.files.map(({ path }) => path) ?? [];
    const entries = ['dist/main.js', 'dist/index.js', 'dist/index.cjs', 'dist/index.d.ts', 'dist/index.d.cts'];
    const others = ['README.md', 'LICENSE', 'NOTICE', 'config.example.yaml', 'config.schema.json', 'man/moorage.1'];
    const threads = ['dist/layout/manifests/manifest-thread-main.js', 'dist/auth/htpasswd/password-thread-main.js'];
    expect(paths).toEqual(expect.arrayContaining([...entries, ...threads, ...others]));
    expect(paths.filter((path) => /^(?:src|test|build)\//.test(path))).toEqual([]);
  });

  it('NOTICE is what npm run notice writes', async () => {
    const { stdout } = await run(process.execPath, ['scripts/write-notice.mjs', '-'], { cwd: repository });
    expect(readFileSync(join(repository, 'NOTICE'), 'utf8')).toBe(stdout);
  });

  it('says where it comes from', () => {
    const {
      repository: source,
      homepage,
      bugs,
      keywords,
      license,
    } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    expect({ source, homepage, bugs, license }).toMatchObject({
      source: { type: 'git', url: expect.stringMatching(/^git\+https:/) },
      homepage: expect.stringMatching(/^https:/),
      bugs: { url: expect.stringMatching(/^https:/) },
      license: 'Apache-2.0',
    });
    expect(keywords).toContain('oci');
  });

  it('needs no version of a dependency that only moorage itself would get, and none that wants a newer Node', () => {
    const { overrides } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { overrides?: object };
    expect(overrides).toBeUndefined();
    const newer = locked.filter(
      ([path, { dev, engines }]) => path !== '' && dev !== true && excludesNode20(engines?.node),
    );
    expect(newer.map(([path]) => path)).toEqual([]);
  });
});

/** As far as packages write it: alternatives, each a lower bound or an exact major. */
function excludesNode20(range = '*'): boolean {
  return !range.split('||').some((part) => {
    const [, sign, major] = /^\s*(>=|\^|~)?\s*v?(\d+)/.exec(part) ?? [];
    if (major === undefined) return true;
    return sign === '>=' ? Number(major) <= 20 : Number(major) === 20;
  });
}
