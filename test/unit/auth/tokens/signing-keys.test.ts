// Keys of tokens: made once, shared by all processes of a root, rotated, and never taken from whoever else could have written them.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { SigningKeys } from '../../../../src/auth/tokens/signing-keys.ts';
import { PrivateDirectory } from '../../../../src/storage/filesystem/private-directory.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { TestClock } from '../../../support/test-clock.ts';

const hour = 3_600_000;
const day = 24 * hour;

async function root() {
  const within = join(await temporaryDirectory(), 'root');
  mkdirSync(within);
  const path = join(within, 'keys');
  const clock = new TestClock();
  const warn = vi.fn();
  const open = (directory: PrivateDirectory | undefined = new PrivateDirectory(path)) =>
    SigningKeys.open({ directory, clock, log: { ...silentLog, warn } });
  return { path, within, clock, warn, open, files: () => readdirSync(path) };
}

describe('the keys of a root', () => {
  it('are one, in a file, after the first start, and the same after the next', async () => {
    const { open, files, path } = await root();
    const { kid, secret } = await (await open()).signing();
    expect(files()).toEqual([kid]);
    const again = await (await open()).signing();
    expect([again.kid, again.secret.equals(secret)]).toEqual([kid, true]);
    const written = JSON.parse(readFileSync(join(path, kid), 'utf8'));
    expect(Buffer.from(written.k, 'base64url')).toHaveLength(32);
  });

  it('are agreed on by processes that start at once', async () => {
    const { open, clock } = await root();
    const processes = await Promise.all([open(), open(), open()]);
    const first = await Promise.all(processes.map((each) => each.signing()));
    clock.advance(1_000);
    const kids = new Set((await Promise.all(processes.map((each) => each.signing()))).map(({ kid }) => kid));
    expect(kids.size).toBe(1);
    for (const { kid } of first) for (const each of processes) expect(each.find(kid)).toBeDefined();
  });

  it('of another process are found within a second, and looked for no more often', async () => {
    const { open, clock, path } = await root();
    const one = await open();
    rmSync(path, { recursive: true });
    const { kid } = await (await open()).signing();
    expect(one.find(kid)).toBeUndefined();
    clock.advance(1_000);
    expect(one.find(kid)).toBeDefined();
  });

  it('are followed by a new one after 30 days; the old one verifies for an hour more, then its file goes', async () => {
    const { open, clock, files } = await root();
    const keys = await open();
    const old = await keys.signing();
    clock.advance(30 * day - 1_000);
    expect(await keys.signing()).toBe(old);
    clock.advance(2_000);
    const young = await keys.signing();
    expect(young.kid).not.toBe(old.kid);
    expect(keys.find(old.kid)).toBe(old);
    const { version } = keys;
    clock.advance(hour + 2_000);
    await vi.waitFor(() => {
      expect(keys.find(old.kid)).toBeUndefined();
      expect(files()).toEqual([young.kid]);
    });
    expect(keys.version).not.toBe(version);
    expect(await keys.signing()).toBe(young);
  });

  it('are rotated by one process for all', async () => {
    const { open, clock } = await root();
    const [one, other] = [await open(), await open()];
    clock.advance(31 * day);
    const { kid } = await one.signing();
    expect((await other.signing()).kid).toBe(kid);
  });

  it('that were made by a clock a year ahead do not sign until then', async () => {
    const { open, clock, files } = await root();
    clock.step(365 * day);
    const wrong = await (await open()).signing();
    clock.step(-365 * day);
    const keys = await open();
    const right = await keys.signing();
    expect(right.kid).not.toBe(wrong.kid);
    clock.advance(2 * hour);
    await vi.waitFor(() => {
      expect(keys.find(wrong.kid)).toBeUndefined();
      expect(files()).toEqual([right.kid]);
    });
  });

  it('end when their file is deleted, and a new one is made', async () => {
    const { open, clock, path, files } = await root();
    const keys = await open();
    const { kid } = await keys.signing();
    rmSync(join(path, kid));
    clock.advance(1_000);
    expect(keys.find(kid)).toBeUndefined();
    const next = await keys.signing();
    expect(next.kid).not.toBe(kid);
    expect(files()).toEqual([next.kid]);
  });

  it('end when somebody deletes their directory', async () => {
    const { open, clock, path, files } = await root();
    const keys = await open();
    const { kid } = await keys.signing();
    rmSync(path, { recursive: true });
    clock.advance(1_000);
    expect(keys.find(kid)).toBeUndefined();
    expect((await keys.signing()).kid).not.toBe(kid);
    expect(files()).toHaveLength(1);
  });

  it('stay while the whole root is away, as a volume may be for a moment', async () => {
    const { open, clock, within } = await root();
    const keys = await open();
    const { kid } = await keys.signing();
    rmSync(within, { recursive: true });
    clock.advance(1_000);
    expect((await keys.signing()).kid).toBe(kid);
  });

  it.each([
    ['that others may read', (path: string) => chmodSync(path, 0o644), /others \(mode 0644\): delete it/],
    ['that is cut off', (path: string) => writeFileSync(path, '{"kty":"oct"'), /damaged: delete it/],
    ['that is empty', (path: string) => writeFileSync(path, ''), /damaged: delete it/],
    ['with another name inside', (path: string) => rename(path), /damaged: delete it/],
    ['with a short secret', (path: string) => shorten(path), /damaged: delete it/],
  ])('refuse to start with one line for a key %s', async (_what, spoil, message) => {
    const { open, path, files } = await root();
    const { kid } = await (await open()).signing();
    spoil(join(path, kid));
    const refused = await open().then(
      () => undefined,
      (error: Error) => error,
    );
    expect(refused?.message).toMatch(message);
    expect(refused?.message).not.toContain('\n');
    expect(files()).toHaveLength(1);
  });

  it('that turn up broken while running are not used, and that is said once', async () => {
    const { open, path, clock, warn } = await root();
    const keys = await open();
    const { kid } = await keys.signing();
    const planted = 'f'.repeat(32);
    writeFileSync(join(path, planted), readFileSync(join(path, kid)), { mode: 0o666 });
    chmodSync(join(path, planted), 0o666);
    for (let at = 0; at < 3; at += 1) {
      clock.advance(1_000);
      expect(keys.find(planted)).toBeUndefined();
    }
    expect((await keys.signing()).kid).toBe(kid);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls.flat().map(String).join()).not.toContain(readFileSync(join(path, kid), 'utf8'));
  });

  it('leave other files alone', async () => {
    const { open, path } = await root();
    mkdirSync(path);
    writeFileSync(join(path, 'README'), 'not a key');
    const { kid } = await (await open()).signing();
    expect(readdirSync(path).sort()).toEqual([kid, 'README'].sort());
  });

  it('are in memory where nothing is written', async () => {
    const { clock } = await root();
    const keys = await SigningKeys.open({ directory: undefined, clock, log: silentLog });
    const { kid } = await keys.signing();
    clock.advance(day);
    expect((await keys.signing()).kid).toBe(kid);
    clock.advance(31 * day);
    expect((await keys.signing()).kid).not.toBe(kid);
  });

  it('are in memory where they cannot be written, and that is said', async () => {
    const { open, warn } = await root();
    const orphan = new PrivateDirectory(join(await temporaryDirectory(), 'gone/keys'));
    const keys = await open(orphan);
    const { kid } = await keys.signing();
    expect(keys.find(kid)).toBeDefined();
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      'a new key of tokens could not be stored',
      'tokens are signed with a key in memory: they end with this process, and no other one takes them',
    ]);
  });
});

function rename(path: string): void {
  const key = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...key, kid: '0'.repeat(32) }));
}

function shorten(path: string): void {
  const key = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...key, k: 'AA' }));
}

describe('keys in memory of the processes of one server', () => {
  it('are the same, also after 30 days, and of no other server', async () => {
    const { clock } = await root();
    const open = (seed: number) =>
      SigningKeys.open({ directory: undefined, seed: Buffer.alloc(32, seed), clock, log: silentLog });
    const [one, two, other] = await Promise.all([open(1), open(1), open(2)]);
    for (let month = 0; month < 3; month += 1) {
      const { kid, secret } = await one.signing();
      expect(two.find(kid)?.secret.equals(secret)).toBe(true);
      expect(other.find(kid)).toBeUndefined();
      clock.advance(30 * day);
    }
  });
});
