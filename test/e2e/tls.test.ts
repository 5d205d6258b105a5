// `serve` over TLS: what clients are shown, how it says where it is, a certificate that is replaced while clients come, and files that
// cannot be used.
import { X509Certificate } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecurely } from 'node:tls';
import { expect, it } from 'vitest';
import { dayMs, type MadePair, makeAuthority } from '../support/certificates.ts';
import { makeClient } from '../support/client-certificates.ts';
import { askOverTls } from '../support/https-client.ts';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const authority = await makeAuthority();
const pair = await authority.server();

function writePair(directory: string, { certificate, key }: MadePair): Readonly<Record<string, string>> {
  mkdirSync(directory, { recursive: true });
  const files = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.key, key, { mode: 0o600 });
  return environmentOf(files);
}

function environmentOf({ certificate, key }: { readonly certificate: string; readonly key: string }) {
  return { MOORAGE_SERVER_TLS_CERTIFICATE: certificate, MOORAGE_SERVER_TLS_KEY: key };
}

async function serveOverTls(made: MadePair = pair, listen = '127.0.0.1:0') {
  const directory = await scratchDirectory();
  const environment = writePair(directory, made);
  const moorage = await startMoorage(['serve', '--listen', listen], { directory, environment });
  return { directory, moorage, ...(await moorage.ready()) };
}

it('answers by HTTPS and says so wherever it says where it is', async () => {
  const { moorage, url, port } = await serveOverTls();
  expect(url).toBe(`https://localhost:${port}`);
  expect(moorage.stdout).toContain(`docker push localhost:${port}/team/app:v1`);
  expect(moorage.stdout).not.toMatch(/plain-http |insecure|tls-verify/);
  expect(moorage.stdout).toContain('(read and write, no authentication)');
  await moorage.says(/"tls":true/);
  const { status, headers, protocol } = await askOverTls({ port, ca: authority.certificate });
  expect({ status, protocol }).toEqual({ status: 200, protocol: 'TLSv1.3' });
  expect(headers).toMatchObject({ 'docker-distribution-api-version': 'registry/2.0' });
});

it('speaks no TLS below 1.2, and no plain HTTP', async () => {
  const { port } = await serveOverTls();
  const tried = (maxVersion: 'TLSv1.1' | 'TLSv1.2') =>
    new Promise<string | null>((resolve) => {
      const options = { port, host: '127.0.0.1', servername: 'localhost', ca: authority.certificate };
      const socket = connectSecurely({
        ...options,
        minVersion: maxVersion,
        maxVersion,
        ciphers: 'DEFAULT:@SECLEVEL=0',
      });
      socket.once('secureConnect', () => resolve(socket.getProtocol())).once('error', () => resolve('refused'));
    });
  expect(await tried('TLSv1.2')).toBe('TLSv1.2');
  expect(await tried('TLSv1.1')).toBe('refused');
  const plain = await new Promise<string>((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1');
    });
    socket.on('close', () => resolve(said)).on('error', () => {});
  });
  expect(plain).not.toContain('registry/2.0');
});

it('says that nobody is asked who they are beyond this machine, encrypted or not', async () => {
  const { moorage, url } = await serveOverTls(await authority.server({ names: ['reg.example'] }), '0.0.0.0:0');
  expect(url).toMatch(/^https:\/\/reg\.example:/);
  expect(moorage.stdout).toContain('!! WARNING: this registry listens beyond this machine');
  await moorage.says(/listening beyond this machine without authentication/);
});

it('shows a certificate that was swapped in to new connections, and keeps the others', async () => {
  const directory = await scratchDirectory();
  const other = await authority.server();
  writePair(join(directory, '1'), pair);
  writePair(join(directory, '2'), other);
  symlinkSync('1', join(directory, '..data'));
  const environment = environmentOf({
    certificate: join(directory, '..data', 'tls.crt'),
    key: join(directory, '..data', 'tls.key'),
  });
  const moorage = await startMoorage(['serve', '--port', '0'], { directory, environment });
  const { port } = await moorage.ready();
  const ca = authority.certificate;
  const agent = new Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
  const ask = (kept: Agent | false) => askOverTls({ port, ca, agent: kept });
  const old = fingerprintOf(pair);
  expect((await ask(agent)).fingerprint).toBe(old);
  symlinkSync('2', join(directory, '..new'));
  renameSync(join(directory, '..new'), join(directory, '..data'));
  for (;;) {
    const [kept, fresh] = await Promise.all([ask(agent), ask(false)]);
    expect([kept.status, fresh.status, kept.fingerprint]).toEqual([200, 200, old]);
    if (fresh.fingerprint === fingerprintOf(other)) break;
  }
  agent.destroy();
  await moorage.says(/the certificate was replaced/);
});

function fingerprintOf({ certificate }: MadePair): string {
  return new X509Certificate(certificate).fingerprint256;
}

it('serves a certificate that has expired, and warns', async () => {
  const expired = await authority.server({ atMs: Date.now() - 1000 * dayMs });
  const { moorage, port } = await serveOverTls(expired);
  await moorage.says(/the certificate expired on .*clients will refuse it/);
  await expect(askOverTls({ port, ca: authority.certificate })).rejects.toThrow('certificate has expired');
});

it.each([
  [
    'a key that is not there',
    { MOORAGE_SERVER_TLS_KEY: '/nowhere/tls.key' },
    'server.tls.key (/nowhere/tls.key): there is no such file',
  ],
  ['a key of another certificate', {}, /server\.tls\.key \(.*tls\.key\): the key is not that of the certificate/],
  [
    'half of it',
    { MOORAGE_SERVER_TLS_KEY: '' },
    'MOORAGE_SERVER_TLS_CERTIFICATE: server.tls.certificate needs server.tls.key',
  ],
])('does not start with %s, and says why in one line', async (_what, changed, line) => {
  const directory = await scratchDirectory();
  const { key } = await authority.server();
  const written = Object.entries({ ...writePair(directory, { ...pair, key }), ...changed });
  const environment = Object.fromEntries(written.filter(([, value]) => value !== ''));
  const { code, stdout, stderr } = await runMoorage(['serve', '--port', '0'], { directory, environment });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(line);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

it('knows users by their certificates alone, and says so', async () => {
  const directory = await scratchDirectory();
  const clientAuthority = await makeClient(undefined, { purpose: 'authority', subject: [{ CN: ['clients'] }] });
  const clientCA = join(directory, 'clients.pem');
  writeFileSync(clientCA, clientAuthority.certificate);
  const environment = { ...writePair(directory, pair), MOORAGE_SERVER_TLS_CLIENT_CA: clientCA };
  const moorage = await startMoorage(['serve', '--listen', '0.0.0.0:0'], { directory, environment });
  const { port } = await moorage.ready();
  expect(moorage.stdout).not.toContain('WARNING');
  const { certificate: cert, key } = await makeClient(clientAuthority);
  const ask = { port, ca: authority.certificate };
  expect((await askOverTls({ ...ask, cert, key })).status).toBe(200);
  expect((await askOverTls(ask)).status).toBe(401);
});
