// What rights mean beyond yes or no: tags that stay, sources of mounts, lists that show only what may be seen, uploads of somebody else.
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { codesOf } from './support/answers.ts';
import { emptyConfig, imageManifest, pushBlob, pushImage } from './support/content.ts';
import { guardedApp, type WrittenRule } from './support/guarded-app.ts';
import { registryApp } from './support/registry-app.ts';

const [one, two] = ['one', 'two'].map((text) => imageManifest({ annotations: { text } }));
if (one === undefined || two === undefined) throw new Error('two images');

function appWith(rules: readonly WrittenRule[]) {
  const { app: open, registry } = registryApp();
  const { app } = guardedApp(rules, { registry });
  const asked = (method: string, url: string, user: string | undefined, payload?: Buffer) =>
    app.inject({
      method: method as 'GET',
      url,
      headers: {
        ...(user === undefined ? {} : { authorization: user.includes(' ') ? user : `Basic ${user}` }),
        ...(payload === undefined ? {} : { 'content-type': mediaTypes.imageManifest }),
      },
      ...(payload === undefined ? {} : { payload }),
    });
  return { open, asked };
}

const detailOf = ({ body }: { readonly body: string }) =>
  (JSON.parse(body) as { errors: { detail?: string }[] }).errors[0]?.detail;

describe('a tag that is there', () => {
  const rules: readonly WrittenRule[] = [
    { repositories: 'team/*', who: 'ann', may: ['pull', 'push', 'delete'] },
    { repositories: 'team/*', who: 'bob', may: ['pull', 'create'] },
    { repositories: 'team/*', who: 'root', may: 'admin' },
    { repositories: 'team/app', immutable: 'v*' },
  ];

  it.each([
    ['ann', 'latest', 201],
    ['bob', 'latest', 409],
    ['ann', 'v1', 409],
    ['bob', 'v1', 409],
    ['root', 'v1', 201],
  ])('%s moves %s: %i; the same content again is no move', async (user, tag, status) => {
    const { open, asked } = appWith(rules);
    await pushImage(open, 'team/app', tag, one);
    const url = `/v2/team/app/manifests/${tag}`;
    expect((await asked('PUT', url, user, one.bytes)).statusCode).toBe(201);
    const moved = await asked('PUT', url, user, two.bytes);
    expect(moved.statusCode).toBe(status);
    if (status === 409) {
      expect(codesOf(moved)).toEqual(['DENIED']);
      expect(detailOf(moved)).toMatch(
        tag === 'v1' ? /^the tag v1 is there, and tags v\* are immutable here$/ : /create/,
      );
      // Nothing stays of what was refused.
      expect((await open.inject(`/v2/team/app/manifests/${two.digest}`)).statusCode).toBe(404);
    }
    const digest = (await open.inject(url)).headers['docker-content-digest'];
    expect(digest).toBe(status === 409 ? one.digest : two.digest);
  });

  it.each(['bob', 'ann'])('is found also by each tag parameter of a push by digest (%s)', async (user) => {
    const { open, asked } = appWith(rules);
    await pushImage(open, 'team/app', 'v1', one);
    const pushed = await asked('PUT', `/v2/team/app/manifests/${two.digest}?tag=new&tag=v1`, user, two.bytes);
    expect([pushed.statusCode, codesOf(pushed)]).toEqual([409, ['DENIED']]);
    expect((await open.inject('/v2/team/app/manifests/new')).statusCode).toBe(404);
    expect((await asked('PUT', `/v2/team/app/manifests/${two.digest}?tag=new`, user, two.bytes)).statusCode).toBe(201);
  });

  it('is created by one of two who may only create it', async () => {
    const { open, asked } = appWith(rules);
    await pushBlob(open, 'team/app', emptyConfig);
    const images = Array.from({ length: 8 }, (_, at) => imageManifest({ annotations: { at: String(at) } }));
    const answers = await Promise.all(
      images.map(({ bytes }) => asked('PUT', '/v2/team/app/manifests/first', 'bob', bytes)),
    );
    const created = answers.flatMap(({ statusCode }, at) => (statusCode === 201 ? [images[at]?.digest] : []));
    expect(created).toHaveLength(1);
    expect(answers.filter(({ statusCode }) => statusCode === 409)).toHaveLength(7);
    expect((await open.inject('/v2/team/app/manifests/first')).headers['docker-content-digest']).toBe(created[0]);
  });

  it.each([
    ['by tag', 'v1'],
    ['by digest', one.digest],
  ])('is not deleted where it is immutable, %s', async (_how, reference) => {
    const { open, asked } = appWith(rules);
    await pushImage(open, 'team/app', 'v1', one);
    const url = `/v2/team/app/manifests/${reference}`;
    const refused = await asked('DELETE', url, 'ann');
    expect([refused.statusCode, codesOf(refused)]).toEqual([409, ['DENIED']]);
    expect((await open.inject('/v2/team/app/manifests/v1')).statusCode).toBe(200);
    expect((await asked('DELETE', url, 'root')).statusCode).toBe(202);
  });

  it('binds only where the rule says so', async () => {
    const { open, asked } = appWith(rules);
    await pushImage(open, 'team/lib', 'v1', one);
    expect((await asked('PUT', '/v2/team/lib/manifests/v1', 'ann', two.bytes)).statusCode).toBe(201);
    expect((await asked('DELETE', '/v2/team/lib/manifests/v1', 'ann')).statusCode).toBe(202);
  });
});

describe('what may not be pulled is not shown', () => {
  const rules: readonly WrittenRule[] = [
    { repositories: 'public/*', who: 'anonymous', may: 'pull' },
    { repositories: 'team/*', who: 'ann', may: ['pull', 'push'] },
    { repositories: 'dark/*', who: 'ann', may: 'push' },
    { who: 'all', may: 'pull' },
  ];
  const names = ['dark/app', 'public/os', 'secret/app', 'team/app', 'team/lib'];

  async function filled() {
    const made = appWith(rules);
    for (const name of names) await pushImage(made.open, name, 'v1', one);
    const listed = async (user: string | undefined, query = '') =>
      JSON.parse((await made.asked('GET', `/v2/_catalog${query}`, user)).body) as unknown;
    return { ...made, listed };
  }

  it('in the catalogue, also in its pages, and whatever the token is for', async () => {
    const { asked, listed } = await filled();
    expect(await listed('all')).toEqual({ repositories: names });
    expect(await listed('ann')).toEqual({ repositories: ['public/os', 'team/app', 'team/lib'] });
    expect(await listed('Bearer ann registry:catalog:*')).toEqual({
      repositories: ['public/os', 'team/app', 'team/lib'],
    });
    expect(await listed('Bearer anonymous registry:catalog:*')).toEqual({ repositories: ['public/os'] });
    // oras shows what it was logged in with only when it is asked.
    expect((await asked('GET', '/v2/_catalog', undefined)).statusCode).toBe(401);
    const first = await asked('GET', '/v2/_catalog?n=2', 'ann');
    expect(JSON.parse(first.body)).toEqual({ repositories: ['public/os', 'team/app'] });
    expect(first.headers.link).toBe('</v2/_catalog?n=2&last=team%2Fapp>; rel="next"');
    const last = await asked('GET', '/v2/_catalog?n=2&last=team%2Fapp', 'ann');
    expect([JSON.parse(last.body), last.headers.link]).toEqual([{ repositories: ['team/lib'] }, undefined]);
  });

  it('as the source of a mount, named or not: an ordinary upload begins, as for a blob that is nowhere', async () => {
    const { open, asked } = await filled();
    const secret = await pushBlob(open, 'secret/app', Buffer.from('secret'));
    const shared = await pushBlob(open, 'public/os', Buffer.from('shared'));
    const absent = digestOf(Buffer.from('absent'));
    const mount = async (digest: string, user: string, from = '') =>
      (await asked('POST', `/v2/team/app/blobs/uploads/?mount=${digest}${from}`, user)).statusCode;
    for (const digest of [secret, absent]) {
      expect(await mount(digest, 'ann', '&from=secret/app')).toBe(202);
      expect(await mount(digest, 'ann')).toBe(202);
    }
    expect(await mount(shared, 'ann', '&from=public/os')).toBe(201);
    // A token must be for the source, too: it may be in other hands than those of the user, who can get a wider one.
    const token = 'Bearer ann repository:team/app:pull,push';
    const narrow = await asked('POST', `/v2/team/app/blobs/uploads/?mount=${shared}&from=public/os`, token);
    expect(narrow.statusCode).toBe(401);
    const both = 'scope="repository:team/app:pull,push repository:public/os:pull"';
    expect(narrow.headers['www-authenticate']).toContain(`,${both},error="insufficient_scope"`);
    const nobodys = await asked('POST', `/v2/team/app/blobs/uploads/?mount=${shared}&from=public/os`, undefined);
    expect(nobodys.headers['www-authenticate']).toMatch(new RegExp(`,${both}$`));
    const odd = await asked('POST', `/v2/team/app/blobs/uploads/?mount=${shared}&from=A%22,x="`, undefined);
    expect(odd.headers['www-authenticate']).toMatch(/,scope="repository:team\/app:pull,push"$/);
    expect(await mount(secret, token, '&from=secret/app')).toBe(202);
    expect(await mount(shared, `${token} repository:public/os:pull`, '&from=public/os')).toBe(201);
    expect(await mount(secret, `${token} repository:secret/app:pull`, '&from=secret/app')).toBe(202);
  });

  it('by a token for one repository, although its user may pull from all: a mount that names no source is from any', async () => {
    const { open, asked } = appWith([{ who: 'all', may: ['pull', 'push'] }]);
    const secret = await pushBlob(open, 'secret/app', Buffer.from('secret'));
    const mounted = async (user: string) =>
      (await asked('POST', `/v2/team/app/blobs/uploads/?mount=${secret}`, user)).statusCode;
    const token = 'Bearer all repository:team/app:pull,push';
    const narrow = await asked('POST', `/v2/team/app/blobs/uploads/?mount=${secret}`, token);
    expect(narrow.statusCode).toBe(401);
    expect(narrow.headers['www-authenticate']).toContain('scope="repository:team/app:pull,push registry:blobs:pull"');
    expect(await mounted(`${token} repository:secret/app:pull`)).toBe(401);
    expect((await asked('GET', `/v2/team/app/blobs/${secret}`, 'all')).statusCode).toBe(404);
    expect(await mounted(`${token} registry:blobs:pull`)).toBe(201);
  });

  it('to a mirror, which gets what it may have', async () => {
    const { open, asked } = await filled();
    await pushImage(open, 'docker.io/public/os', 'v1', two);
    const pulled = async (user: string | undefined) =>
      (await asked('GET', '/v2/public/os/manifests/v1?ns=docker.io', user)).headers['docker-content-digest'];
    expect(await pulled('all')).toBe(two.digest);
    expect(await pulled(undefined)).toBe(one.digest);
  });
});

describe('an upload', () => {
  const rules: readonly WrittenRule[] = [{ who: ['ann', 'bob', 'anonymous'], may: ['pull', 'push'] }];

  it.each(['GET', 'PATCH', 'PUT', 'DELETE'])('is nobody’s but whose it is (%s)', async (method) => {
    const { asked } = appWith(rules);
    const { location } = (await asked('POST', '/v2/a/blobs/uploads/', 'ann')).headers;
    const url = `${location}?digest=${digestOf(Buffer.from('x'))}`;
    for (const other of ['bob', undefined]) {
      const answer = await asked(method, url, other, method === 'GET' ? undefined : Buffer.from('x'));
      expect([answer.statusCode, codesOf(answer)]).toEqual([404, ['BLOB_UPLOAD_UNKNOWN']]);
    }
    const own = await asked(method, url, 'Bearer ann repository:a:pull,push', Buffer.from('x'));
    expect(own.statusCode).toBe({ GET: 204, PATCH: 202, PUT: 201, DELETE: 204 }[method]);
  });
});
