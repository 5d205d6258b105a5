// The audit of the gate: a line for each decision, with who, from where, what and why, and nothing secret in it.
import { describe, expect, it } from 'vitest';
import type { Audit, AuditLine } from '../../src/http/audit.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { RegistryError } from '../../src/oci/error-code.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushImage } from './support/content.ts';
import { guardedApp, type WrittenRule } from './support/guarded-app.ts';
import { registryApp } from './support/registry-app.ts';
import { tokenApp } from './support/token-app.ts';

const rules: readonly WrittenRule[] = [
  { repositories: 'public/**', who: 'anonymous', may: 'pull' },
  { repositories: 'team/**', who: 'anna', may: 'pull, push, delete', immutable: 'v*' },
];

/** Lines as they are written: what is undefined is not there. */
function recorded(): { readonly audit: Audit; readonly lines: AuditLine[] } {
  const lines: AuditLine[] = [];
  const record = (line: AuditLine) => void lines.push(JSON.parse(JSON.stringify(line)) as AuditLine);
  return { audit: { record }, lines };
}

const anna = { authorization: 'Basic anna' };
const image = imageManifest();

describe('the audit', () => {
  it('has who, from where, what, and the rule that allowed it', async () => {
    const { audit, lines } = recorded();
    const { app } = guardedApp(rules, { audit });
    await app.inject({ url: '/v2/team/app/manifests/latest', headers: anna });
    await app.inject({ url: '/v2/public/app/tags/list' });
    await app.inject({ url: '/v2/' });
    await app.inject({ url: '/livez' });
    expect(lines).toEqual([
      {
        ...{ user: 'anna', kind: 'user', address: '127.0.0.1', action: 'pull', repository: 'team/app' },
        ...{ reference: 'latest', outcome: 'allowed', rule: 'rule 2', method: 'GET' },
        path: '/v2/team/app/manifests/latest',
      },
      {
        ...{ kind: 'anonymous', address: '127.0.0.1', action: 'pull', repository: 'public/app' },
        ...{ outcome: 'allowed', rule: 'rule 1', method: 'GET', path: '/v2/public/app/tags/list' },
      },
      {
        ...{ kind: 'anonymous', address: '127.0.0.1', action: 'ping', outcome: 'refused' },
        ...{ rule: 'nobody is let in without credentials', method: 'GET', path: '/v2/' },
      },
    ]);
  });

  it('has each tag of a push, the digest of an upload, and the source of a mount', async () => {
    const { audit, lines } = recorded();
    const { app } = guardedApp(rules, { audit });
    const { digest } = image;
    const inject = (method: 'PUT' | 'POST', url: string) => app.inject({ method, url, headers: anna, payload: '' });
    await inject('PUT', `/v2/team/app/manifests/${digest}?tag=a&tag=b`);
    await inject('POST', `/v2/team/app/blobs/uploads/?digest=${digest}`);
    await inject('POST', `/v2/team/app/blobs/uploads/?mount=${digest}&from=team/base`);
    await inject('POST', `/v2/team/app/blobs/uploads/?mount=${digest}&from=secret/base`);
    await inject('POST', `/v2/team/app/blobs/uploads/?mount=${digest}`);
    expect(lines[0]?.digest).toBe(digestOf(Buffer.alloc(0)));
    const shown = lines.map(({ action, repository = '*', reference, tags, outcome, rule }) =>
      [action, repository, reference === digest, tags ?? '', outcome, rule].join(' '),
    );
    expect(shown).toEqual([
      'push team/app true a,b allowed rule 2',
      'push team/app true  allowed rule 2',
      'push team/app true  allowed rule 2',
      'pull team/base true  allowed rule 2',
      'push team/app true  allowed rule 2',
      'pull secret/base true  refused no rule allows it',
      'push team/app true  allowed rule 2',
      'pull * true  refused no rule allows to pull from every repository',
    ]);
  });

  it('has the digest of what a tag is made to mean, before it does, and nothing of what never came', async () => {
    const { lines } = recorded();
    let goOn = () => {};
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const audit: Audit = {
      record: (line) => {
        lines.push(line);
        return line.digest === undefined ? undefined : waiting;
      },
    };
    const { app, registry } = guardedApp(rules, { audit });
    await pushImage(registryApp({ registry }).app, 'team/app', 'v1', image);
    const headers = { ...anna, 'content-type': mediaTypes.imageManifest };
    const put = { method: 'PUT', url: '/v2/team/app/manifests/latest', headers, payload: image.bytes } as const;
    const pushing = app.inject(put);
    await expect
      .poll(() => lines.map(({ reference, digest }) => [reference, digest]))
      .toEqual([['latest', image.digest]]);
    expect((await registryApp({ registry }).app.inject('/v2/team/app/manifests/latest')).statusCode).toBe(404);
    goOn();
    expect((await pushing).statusCode).toBe(201);
    await app.inject({ ...put, headers: { ...headers, 'content-length': '99999999999' } });
    expect(lines).toHaveLength(1);
  });

  it('has what is refused, and why: rights, immutable tags, a registry that is only read', async () => {
    const { audit, lines } = recorded();
    const { app } = guardedApp(rules, { audit });
    const push = (url: string, payload: Buffer) =>
      app.inject({ method: 'PUT', url, headers: { ...anna, 'content-type': mediaTypes.imageManifest }, payload });
    await push('/v2/other/app/manifests/v1', Buffer.from(image.bytes));
    await push('/v2/team/app/manifests/v1', Buffer.from(image.bytes));
    const moved = await push(
      '/v2/team/app/manifests/v1',
      Buffer.from(imageManifest({ annotations: { a: 'b' } }).bytes),
    );
    expect(moved.statusCode).toBe(409);
    expect(lines.map(({ outcome, rule }) => `${outcome} ${rule}`)).toEqual([
      'refused no rule allows it',
      'allowed rule 2',
      'allowed rule 2',
      expect.stringMatching(/^refused the tag v1: /),
    ]);
    const only = recorded();
    const { app: readOnly } = registryApp({ audit: only.audit, readOnly: true });
    await readOnly.inject({ method: 'DELETE', url: '/v2/a/manifests/v1' });
    expect(only.lines).toMatchObject([{ action: 'delete', outcome: 'refused', rule: expect.stringContaining('read') }]);
  });

  it('has wrong credentials without what was shown, and logins at the token endpoint', async () => {
    const { audit, lines } = recorded();
    const { app, accounts } = await tokenApp(undefined, { audit });
    accounts.set('anna', 'PLANTED-right');
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const login = (username: string, password: string) =>
      app.inject({
        method: 'POST',
        url: '/token',
        headers: form,
        payload: new URLSearchParams({ grant_type: 'password', username, password }).toString(),
      });
    await app.inject({ url: '/v2/team/app/tags/list?x=PLANTED-query', headers: basic('anna:PLANTED-wrong') });
    await app.inject({ url: '/v2/', headers: basic('PLANTED-as-name:x') });
    await app.inject({ url: '/v2/', headers: { authorization: 'Bearer PLANTED.token' } });
    const issued = await app.inject({ url: '/token', headers: basic('anna:PLANTED-right') });
    expect((await login('anna', 'PLANTED-wrong')).statusCode).toBe(401);
    expect((await login('anna', 'PLANTED-right')).statusCode).toBe(200);
    expect(
      lines.map(({ user = '-', action, repository = '-', outcome }) => [user, action, repository, outcome]),
    ).toEqual([
      ['-', 'pull', 'team/app', 'refused'],
      ['-', 'ping', '-', 'refused'],
      ['-', 'ping', '-', 'refused'],
      ['anna', 'login', '-', 'allowed'],
      ['-', 'login', '-', 'allowed'],
      ['-', 'login', '-', 'refused'],
      ['-', 'login', '-', 'allowed'],
      ['anna', 'login', '-', 'allowed'],
    ]);
    const text = JSON.stringify(lines);
    expect(text).not.toContain('PLANTED');
    expect(text).not.toContain((issued.json() as { token: string }).token);
  });

  it('shows text of clients printable and bounded', async () => {
    const { audit, lines } = recorded();
    const { app } = registryApp({ audit });
    await app.inject({ url: `/v2/a/manifests/%1b%5b31m${'x'.repeat(500)}` });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.reference).toMatch(/^\\u\{1b\}\[31mx+\.\.\.$/);
    expect(JSON.stringify(lines)).toMatch(/^[\x20-\x7e]{1,1200}$/);
  });

  it('that cannot be written refuses everything but probes, and nothing happens', async () => {
    const unwritten = async () => {
      throw new RegistryError('UNAVAILABLE', { detail: 'the audit cannot be written' });
    };
    let isWritable = true;
    const { app } = guardedApp(rules, { audit: { record: () => (isWritable ? undefined : unwritten()) } });
    const push = (tag: string) =>
      app.inject({
        method: 'PUT',
        url: `/v2/team/app/manifests/${tag}`,
        headers: { ...anna, 'content-type': mediaTypes.imageManifest },
        payload: Buffer.from(image.bytes),
      });
    expect((await push('v1')).statusCode).toBe(201);
    isWritable = false;
    for (const answer of [
      await push('next'),
      await app.inject({ url: '/v2/team/app/manifests/v1', headers: anna }),
      await app.inject({ url: '/v2/other/app/manifests/v1', headers: anna }),
      await app.inject({ url: '/v2/', headers: { authorization: 'Basic wrong' } }),
      await app.inject({ url: '/v2/' }),
    ]) {
      expect(answer.statusCode).toBe(503);
      expect(codesOf(answer)).toEqual(['UNAVAILABLE']);
    }
    expect((await app.inject({ url: '/livez' })).statusCode).toBe(200);
    isWritable = true;
    expect((await app.inject({ url: '/v2/team/app/manifests/next', headers: anna })).statusCode).toBe(404);
  });

  it('that is written late holds the request back until then', async () => {
    const waiting: (() => void)[] = [];
    const audit: Audit = { record: () => new Promise((resolve) => waiting.push(resolve)) };
    const { app } = guardedApp(undefined, { audit });
    let isAnswered = false;
    const answer = pushImage(app, 'team/app', 'v1').catch(() => undefined);
    const refused = app.inject({ url: '/v2/' }).then((each) => {
      isAnswered = true;
      return each;
    });
    while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(isAnswered).toBe(false);
    const release = setInterval(() => waiting.shift()?.(), 1);
    expect((await refused).statusCode).toBe(401);
    await answer;
    clearInterval(release);
  });
});
