// Tokens, passwords and redirects: who gets to see them, and who does not.
import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseReference, parseRepositoryName } from '../../../src/oci/reference.ts';
import type { CredentialSource, Credentials } from '../../../src/remote/credentials.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { type Answering, clientOf, fakeServer, json, refusal } from './fake-registry.ts';

const app = parseRepositoryName('team/app');
const image = imageManifest();
const tag = parseReference('v1');
const password: Credentials = { kind: 'password', username: 'me', password: 'secret' };
const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;

function source(credentials: Credentials | undefined, problem?: string): CredentialSource {
  return async () => ({ credentials, problem });
}

const manifest: Answering = (_request, response) => {
  response.writeHead(200, { 'content-type': mediaTypes.imageManifest }).end(image.bytes);
};

/** Wants a Bearer token of `realm`, and takes `Bearer good`. */
function wantingToken(realm: () => string, parameters = ',service="reg",scope="repository:team/app:pull"'): Answering {
  return (request, response) => {
    if (request.authorization === 'Bearer good') return manifest(request, response);
    response.setHeader('www-authenticate', `Bearer realm="${realm()}"${parameters}`);
    refusal(response, 401, 'UNAUTHORIZED', 'authentication required');
  };
}

describe('a registry with a token server', () => {
  it('gets an anonymous token, once for all requests to a repository', async () => {
    const tokens = await fakeServer((_request, response) => json(response, { token: 'good' }));
    const server = await fakeServer(wantingToken(() => `${tokens.origin}/token?a=b`));
    const { remote } = clientOf(server);
    await remote.manifest(app, tag);
    await remote.manifest(app, tag);
    expect(tokens.seen.map(({ method, url, authorization }) => [method, url, authorization])).toEqual([
      ['GET', '/token?a=b&service=reg&scope=repository%3Ateam%2Fapp%3Apull', undefined],
    ]);
    expect(server.seen.map(({ authorization }) => authorization)).toEqual([undefined, 'Bearer good', 'Bearer good']);
  });

  it('gets one token for requests that are refused together', async () => {
    const tokens = await fakeServer((_request, response) => json(response, { token: 'good' }));
    const server = await fakeServer(wantingToken(() => `${tokens.origin}/token`));
    const { remote } = clientOf(server);
    await Promise.all([1, 2, 3, 4].map(() => remote.manifest(app, tag)));
    expect(tokens.seen).toHaveLength(1);
  });

  it('that names no scope gets one for this repository', async () => {
    const tokens = await fakeServer((_request, response) => json(response, { access_token: 'good' }));
    const server = await fakeServer(wantingToken(() => `${tokens.origin}/token`, ''));
    await clientOf(server).remote.manifest(app, tag);
    expect(tokens.seen[0]?.url).toBe('/token?scope=repository%3Ateam%2Fapp%3Apull');
  });

  it('shows it the password', async () => {
    const tokens = await fakeServer((_request, response) => json(response, { token: 'good' }));
    const server = await fakeServer(wantingToken(() => `${tokens.origin}/token`));
    await clientOf(server, { credentials: source(password) }).remote.manifest(app, tag);
    expect(tokens.seen[0]?.authorization).toBe(basic);
    expect(server.seen.map(({ authorization }) => authorization)).not.toContain(basic);
  });

  it('exchanges an identity token', async () => {
    const tokens = await fakeServer((_request, response) => json(response, { access_token: 'good' }));
    const server = await fakeServer(wantingToken(() => `${tokens.origin}/token`));
    const credentials = source({ kind: 'identity-token', token: 'id t' });
    await clientOf(server, { credentials }).remote.manifest(app, tag);
    expect(tokens.seen[0]).toMatchObject({ method: 'POST', url: '/token', authorization: undefined });
    expect(Object.fromEntries(new URLSearchParams(tokens.seen[0]?.body))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'moorage',
      scope: 'repository:team/app:pull',
      service: 'reg',
      refresh_token: 'id t',
    });
  });

  it('sends a registry token as it is', async () => {
    const server = await fakeServer(wantingToken(() => 'http://127.0.0.1:9/'));
    const credentials = source({ kind: 'registry-token', token: 'good' });
    expect((await clientOf(server, { credentials }).remote.manifest(app, tag)).digest).toBe(image.digest);
  });

  it('gets another token when the first one has expired', async () => {
    let current = 'first';
    const tokens = await fakeServer((_request, response) => json(response, { token: current }));
    const server = await fakeServer((request, response) => {
      if (request.authorization === `Bearer ${current}`) return manifest(request, response);
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${tokens.origin}/"` }).end();
    });
    const { remote } = clientOf(server);
    await remote.manifest(app, tag);
    current = 'second';
    await remote.manifest(app, tag);
    expect(tokens.seen).toHaveLength(2);
  });

  it('that refuses its own token is asked no third time', async () => {
    const tokens = await fakeServer((_request, response) => json(response, { token: 'bad' }));
    const server = await fakeServer(wantingToken(() => `${tokens.origin}/`));
    const problem = 'credentials of x are not used: y';
    const { remote } = clientOf(server, { credentials: source(undefined, problem) });
    await expect(remote.manifest(app, tag)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining(problem),
    });
    expect(server.seen).toHaveLength(2);
  });

  it.each([
    ['refuses', (response: Parameters<Answering>[1]) => refusal(response, 401, 'UNAUTHORIZED', 'who?'), 'no token for'],
    ['sends none', (response: Parameters<Answering>[1]) => json(response, { token: '' }), 'sent no token'],
    [
      'sends what cannot be one',
      (response: Parameters<Answering>[1]) => json(response, { token: 'a\r\nb: c' }),
      'sent no token',
    ],
    ['sends no JSON', (response: Parameters<Answering>[1]) => void response.end('hello'), 'sent no token'],
  ])('whose token server %s', async (_what, answer, message) => {
    const tokens = await fakeServer((_request, response) => answer(response));
    const server = await fakeServer(wantingToken(() => `${tokens.origin}/`));
    await expect(clientOf(server).remote.manifest(app, tag)).rejects.toThrow(message);
  });

  it.each(['ftp://127.0.0.1/token', 'token', ''])('at %j is not asked', async (realm) => {
    const server = await fakeServer(wantingToken(() => realm));
    const { remote } = clientOf(server, { credentials: source(password) });
    await expect(remote.manifest(app, tag)).rejects.toThrow('the address of its token server is not an HTTPS URL');
  });
});

it('says whose login the token server does not take, or is not enough', async () => {
  const refusing = await fakeServer((_request, response) => refusal(response, 401, 'UNAUTHORIZED', 'no'));
  const giving = await fakeServer((_request, response) => json(response, { token: 'weak' }));
  for (const [tokens, text] of [
    [refusing, /does not take the login of me for 127\.0\.0\.1:\d+, HTTP 401 \(no\)/],
    [giving, /team\/app:v1; the login of me is not enough/],
  ] as const) {
    const server = await fakeServer(wantingToken(() => `${tokens.origin}/token`));
    const { remote } = clientOf(server, { credentials: source(password) });
    await expect(remote.manifest(app, tag)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(text),
    });
  }
});

describe('a registry that wants a password', () => {
  const wantingPassword: Answering = (request, response) => {
    if (request.authorization === basic) return manifest(request, response);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
  };

  it('gets it, when it asks and not before', async () => {
    const server = await fakeServer(wantingPassword);
    const { remote } = clientOf(server, { credentials: source(password) });
    expect((await remote.manifest(app, tag)).digest).toBe(image.digest);
    expect(server.seen.map(({ authorization }) => authorization)).toEqual([undefined, basic]);
  });

  it.each([
    ['nobody has', undefined, /docker login 127\.0\.0\.1:/],
    ['is a wrong one', { ...password, password: 'wrong' }, /the login of me is not enough/],
  ])('%s: UNAUTHORIZED', async (_what, credentials, advice) => {
    const { remote } = clientOf(await fakeServer(wantingPassword), { credentials: source(credentials as Credentials) });
    await expect(remote.manifest(app, tag)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      status: 401,
      message: expect.stringMatching(advice),
    });
  });
});

describe('redirects', () => {
  const blob = blobOf('blob');

  async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    return Buffer.concat(parts).toString();
  }

  it('to another host carry no Authorization, and keep the range', async () => {
    const storage = await fakeServer((_request, response) => {
      response.writeHead(206, { 'content-range': 'bytes 1-3/4' }).end('lob');
    });
    const server = await fakeServer((request, response) => {
      if (request.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
      else response.writeHead(307, { location: `${storage.origin}/signed?key=1` }).end();
    });
    const { remote } = clientOf(server, { credentials: source(password) });
    expect(await bytesOf(remote.readBlob(app, blob.descriptor, 1))).toBe('lob');
    expect(storage.seen).toMatchObject([{ url: '/signed?key=1', authorization: undefined, range: 'bytes=1-' }]);
  });

  it('within the host carry it', async () => {
    const server = await fakeServer((request, response) => {
      if (request.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
      else if (request.url.startsWith('/v2/')) response.writeHead(302, { location: '/elsewhere' }).end();
      else response.end('blob');
    });
    const { remote } = clientOf(server, { credentials: source(password) });
    expect(await bytesOf(remote.readBlob(app, blob.descriptor, 0))).toBe('blob');
    expect(server.seen.at(-1)).toMatchObject({ url: '/elsewhere', authorization: basic });
  });

  it('to a store that wants a password show it none', async () => {
    const storage = await fakeServer((_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="give"' }).end();
    });
    const server = await fakeServer((_request, response) =>
      response.writeHead(307, { location: storage.origin }).end(),
    );
    const { remote } = clientOf(server, { credentials: source(password) });
    await expect(bytesOf(remote.readBlob(app, blob.descriptor, 0))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(storage.seen).toMatchObject([{ authorization: undefined }]);
  });

  it.each([
    ['without end', '/v2/again', 'more than 5 redirects'],
    ['to a file', 'file:///etc/passwd', 'it redirects to file:'],
    ['to nowhere', 'http://[', 'something that is not a URL'],
  ])('%s are refused', async (_what, location, message) => {
    const server = await fakeServer((_request, response) => response.writeHead(302, { location }).end());
    await expect(bytesOf(clientOf(server).remote.readBlob(app, blob.descriptor, 0))).rejects.toThrow(message);
  });
});
