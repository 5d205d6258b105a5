// Clients that show a certificate, over real sockets: who is taken for whom, who is refused and why, and that a connection that is open
// learns of what changed.
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { TextPattern } from '../../src/oci/text-pattern.ts';
import { ClientAuthorities } from '../../src/tls/client-authorities.ts';
import type { ClientUserRule } from '../../src/tls/client-user-rules.ts';
import { TlsEndpoint } from '../../src/tls/tls-endpoint.ts';
import { dayMs, type MadePair, makeAuthority } from '../support/certificates.ts';
import { makeClient } from '../support/client-certificates.ts';
import { Http2Client } from '../support/http2-client.ts';
import { askOverTls, type HttpsOptions } from '../support/https-client.ts';
import { silentLog } from '../support/silent-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { TestClock } from '../support/test-clock.ts';
import { codesOf } from './support/answers.ts';
import { tokenApp } from './support/token-app.ts';

const serverAuthority = await makeAuthority();
const serverPair = await serverAuthority.server();
const authority = await makeClient(undefined, { purpose: 'authority', subject: [{ CN: ['clients'] }] });
const other = await makeClient(undefined, { purpose: 'authority', subject: [{ CN: ['others'] }] });

async function serving(clientUsers?: readonly ClientUserRule[]) {
  const directory = await temporaryDirectory();
  const files = {
    certificate: join(directory, 'server.crt'),
    key: join(directory, 'server.key'),
    clientCA: join(directory, 'clients.pem'),
  };
  writeFileSync(files.certificate, serverPair.certificate);
  writeFileSync(files.key, serverPair.key);
  writeFileSync(files.clientCA, authority.certificate);
  const clock = new TestClock();
  const tls = new TlsEndpoint({ ...files, http2: true, clientUsers, clock, log: silentLog });
  onTestFinished(() => tls.stop());
  const { app } = await tokenApp(undefined, { settings: { tls } });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const ask = async (client: MadePair | undefined, options: Partial<HttpsOptions> = {}) => {
    const shown = client === undefined ? {} : { cert: client.certificate, key: client.key };
    const answer = await askOverTls({ port, ca: serverAuthority.certificate, ...shown, ...options });
    const text = answer.body.toString();
    return { ...answer, text, detail: answer.status === 200 ? undefined : JSON.parse(text).errors[0].detail };
  };
  return { files, clock, ask, port };
}

it('are none where the file of their CAs has no CA', async () => {
  const client = await makeClient(authority);
  const clientCA = join(await temporaryDirectory(), 'clients.pem');
  writeFileSync(clientCA, client.certificate);
  expect(() => new ClientAuthorities({ path: clientCA, log: silentLog, clock: new TestClock() })).toThrow(
    `server.tls.clientCA (${clientCA}): it holds no certificate of a CA`,
  );
  // Somebody who signed for themselves vouches for themselves.
  writeFileSync(clientCA, (await makeClient(undefined)).certificate);
  new ClientAuthorities({ path: clientCA, log: silentLog, clock: new TestClock() });
});

it('are who their certificate says, and anonymous without one', async () => {
  const { ask } = await serving();
  expect(await ask(await makeClient(authority))).toMatchObject({ status: 200 });
  const anonymous = await ask(undefined);
  expect(anonymous).toMatchObject({ status: 401, detail: undefined });
  expect(codesOf({ headers: anonymous.headers, body: anonymous.text })).toEqual(['UNAUTHORIZED']);
  expect(anonymous.headers['www-authenticate']).toMatch(/^Bearer realm="https:\/\//);
});

it.each([
  ['of another CA', () => makeClient(other), 'it is not of a CA of server.tls.clientCA'],
  ['signed by itself', () => makeClient(undefined), 'it is not of a CA of server.tls.clientCA'],
  [
    'of a CA of the same name',
    async () => makeClient(await makeClient(undefined, { purpose: 'authority', subject: [{ CN: ['clients'] }] })),
    'it is not of a CA of server.tls.clientCA',
  ],
  [
    'that has expired',
    () => makeClient(authority, { fromMs: Date.now() - 9 * dayMs, untilMs: Date.now() - dayMs }),
    'it has expired',
  ],
  ['that is not valid yet', () => makeClient(authority, { fromMs: Date.now() + dayMs / 2 }), 'it is not valid yet'],
  ['for servers', () => makeClient(authority, { purpose: 'server' }), 'it is not for clients (extended key usage)'],
  [
    'that another client signed',
    async () =>
      makeClient(await makeClient(authority, { subject: [{ CN: ['anna'] }] }), { subject: [{ CN: ['root'] }] }),
    'it is not of a CA of server.tls.clientCA',
  ],
])('are refused with a certificate %s, and told why', async (_what, make, reason) => {
  const { ask } = await serving();
  const answer = await ask(await make());
  expect(answer).toMatchObject({ status: 401, detail: `the client's certificate was not taken: ${reason}` });
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer /);
  // Neither is it passed over for a password.
  const withPassword = await ask(await make(), { headers: { authorization: 'Basic YW5uYTp4' } });
  expect(withPassword).toMatchObject({ status: 401, detail: answer.detail });
});

// Node 24 does not tell which certificates a client sent besides its own: such a client is refused there.
const tellsWhatWasSent = !process.versions.node.startsWith('24.');

it('are taken with the CA between them and ours where that is in the file, on every Node', async () => {
  const { ask, files } = await serving();
  const between = await makeClient(authority, { purpose: 'authority', subject: [{ CN: ['between'] }] });
  const client = await makeClient(between);
  expect(await ask(client)).toMatchObject({ status: 401 });
  writeFileSync(files.clientCA, `${authority.certificate}${between.certificate}`);
  await expect.poll(() => ask(client), { timeout: 60_000 }).toMatchObject({ status: 200 });
});

it.runIf(tellsWhatWasSent)('are taken with the CA between them and ours, when they send it', async () => {
  const { ask } = await serving();
  const between = await makeClient(authority, { purpose: 'authority', subject: [{ CN: ['between'] }] });
  const { certificate, key } = await makeClient(between);
  expect(await ask({ certificate: `${certificate}${between.certificate}`, key })).toMatchObject({ status: 200 });
  expect(await ask({ certificate, key })).toMatchObject({ status: 401 });
  // Also when they come again, with what the first connection gave them to save a handshake.
  const agent = new Agent();
  for (const _time of [1, 2, 3]) {
    expect(await ask({ certificate: `${certificate}${between.certificate}`, key }, { agent })).toMatchObject({
      status: 200,
    });
  }
});

it('that no rule fits are nobody, unless they show something else', async () => {
  const pattern = TextPattern.parse('ci-*');
  const { ask } = await serving([{ subject: { CN: pattern as TextPattern }, user: 'ci', groups: [] }]);
  expect(await ask(await makeClient(authority, { subject: [{ CN: ['ci-1'] }] }))).toMatchObject({ status: 200 });
  const anna = await makeClient(authority);
  const refused = await ask(anna);
  expect(refused.detail).toBe("the client's certificate was not taken: no rule of server.tls.clientUsers fits it");
  const withPassword = await ask(anna, { headers: { authorization: 'Basic YW5uYTp4' } });
  expect(withPassword).toMatchObject({ status: 401, detail: undefined });
});

it('on an open connection are refused once their certificate has ended', async () => {
  const { ask, clock } = await serving();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const client = await makeClient(authority);
  expect(await ask(client, { agent })).toMatchObject({ status: 200 });
  clock.step(2 * dayMs);
  expect(await ask(client, { agent })).toMatchObject({
    status: 401,
    detail: expect.stringContaining('it has expired'),
  });
});

it('on an open connection are refused once their CA is one no more, and others go on', async () => {
  const { ask, clock, files } = await serving();
  const [gone, stays] = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
  onTestFinished(() => {
    gone.destroy();
    stays.destroy();
  });
  const [anna, bert] = [await makeClient(authority), await makeClient(other)];
  writeFileSync(files.clientCA, `${authority.certificate}${other.certificate}`);
  clock.advance(2_000);
  expect(await ask(anna, { agent: gone })).toMatchObject({ status: 200 });
  expect(await ask(bert, { agent: stays })).toMatchObject({ status: 200 });
  writeFileSync(files.clientCA, other.certificate);
  clock.advance(2_000);
  const refused = { status: 401, detail: expect.stringContaining('it is not of a CA') };
  expect(await ask(anna, { agent: gone })).toMatchObject(refused);
  expect(await ask(anna)).toMatchObject(refused);
  expect(await ask(bert, { agent: stays })).toMatchObject({ status: 200 });
  writeFileSync(files.clientCA, 'nothing');
  clock.advance(2_000);
  expect(await ask(bert)).toMatchObject({ status: 200 });
});

it('are who their certificate says over HTTP/2 as well, for all streams of a connection', async () => {
  const { port, clock } = await serving();
  const { certificate, key } = await makeClient(authority);
  const certified = new Http2Client(port, { ca: serverAuthority.certificate, cert: certificate, key });
  const statuses = async (client: Http2Client) => Promise.all([client.ask('/v2/'), client.ask('/v2/')]);
  expect(await statuses(certified)).toMatchObject([{ status: 200 }, { status: 200 }]);
  const nobody = new Http2Client(port, { ca: serverAuthority.certificate });
  expect(await statuses(nobody)).toMatchObject([{ status: 401 }, { status: 401 }]);
  const stranger = await makeClient(other);
  const refused = new Http2Client(port, {
    ca: serverAuthority.certificate,
    cert: stranger.certificate,
    key: stranger.key,
  });
  expect((await refused.ask('/v2/')).body.toString()).toContain('it is not of a CA of server.tls.clientCA');
  clock.step(2 * dayMs);
  expect(await statuses(certified)).toMatchObject([{ status: 401 }, { status: 401 }]);
});
