// `moorage tls init`: what it makes, what it never replaces, and that its certificates are taken, by OpenSSL too where it is there.
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dayMs, makeAuthority } from '../support/certificates.ts';
import { askOverTls } from '../support/https-client.ts';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

async function init(directory: string, ...args: string[]) {
  return runMoorage(['tls', 'init', ...args], { directory });
}

const contentsOf = (directory: string) =>
  Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));

it('makes a CA and a certificate that serve and clients take', async () => {
  const directory = await scratchDirectory();
  const { code, stdout, stderr } = await init(directory);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const made = join(directory, 'tls');
  const files = contentsOf(made);
  expect(Object.keys(files)).toEqual(['ca.crt', 'ca.key', 'server.crt', 'server.key']);
  for (const key of ['ca.key', 'server.key']) {
    expect(statSync(join(made, key)).mode & 0o777).toBe(0o600);
    expect(stdout).not.toContain(files[key]?.split('\n')[1]);
  }
  const environment = {
    MOORAGE_SERVER_TLS_CERTIFICATE: join(made, 'server.crt'),
    MOORAGE_SERVER_TLS_KEY: join(made, 'server.key'),
  };
  const moorage = await startMoorage(['serve', '--port', '0'], { directory, environment });
  const { port } = await moorage.ready();
  expect(await askOverTls({ port, ca: files['ca.crt'] ?? '' })).toMatchObject({ status: 200 });
});

it('makes what OpenSSL takes, for the names that were given and as long as clients allow', async () => {
  const directory = await scratchDirectory();
  const { stdout } = await init(
    directory,
    '--dir',
    'a b',
    '--name',
    'reg.example',
    '--name',
    '*.x.example',
    '10.0.0.7',
  );
  const made = join(directory, 'a b');
  const certificate = new X509Certificate(readFileSync(join(made, 'server.crt')));
  expect(certificate.subjectAltName).toBe('DNS:reg.example, DNS:*.x.example, IP Address:10.0.0.7');
  expect(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)).toBe(825 * dayMs);
  const authority = new X509Certificate(readFileSync(join(made, 'ca.crt')));
  expect(authority.ca && certificate.verify(authority.publicKey)).toBe(true);
  expect(Date.parse(authority.validTo) - Date.now()).toBeGreaterThan(3_640 * dayMs);
  expect(stdout).toContain(`cp '${join(made, 'ca.crt')}' /etc/docker/certs.d/reg.example:5000/ca.crt`);
  expect(stdout).toContain('[host."https://reg.example:5000"]');
  const verified = spawnSync(
    'openssl',
    [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'a.x.example',
      '-CAfile',
      'ca.crt',
      'server.crt',
    ],
    { cwd: made, encoding: 'utf8' },
  );
  if (verified.error === undefined) expect(verified.stdout).toBe('server.crt: OK\n');
});

it('leaves the CA and the key alone when it runs again', async () => {
  const directory = await scratchDirectory();
  await init(directory);
  const before = contentsOf(join(directory, 'tls'));
  const { code, stdout } = await init(directory, '--name', 'reg.example');
  expect(code).toBe(0);
  expect(stdout).toContain('ca.crt (as it was)');
  const { 'server.crt': certificate = '', ...others } = contentsOf(join(directory, 'tls'));
  expect({ ...others, 'server.crt': before['server.crt'] }).toEqual(before);
  const authority = new X509Certificate(before['ca.crt'] ?? '');
  expect(new X509Certificate(certificate).verify(authority.publicKey)).toBe(true);
  rmSync(join(directory, 'tls/server.key'));
  expect((await init(directory)).code).toBe(0);
  expect(contentsOf(join(directory, 'tls'))['server.key']).not.toBe(before['server.key']);
});

it('refuses a CA that is not one, or half of one, and changes nothing', async () => {
  const directory = await scratchDirectory();
  await init(directory);
  const at = (name: string) => join(directory, 'tls', name);
  const refusal = async () => {
    const before = contentsOf(join(directory, 'tls'));
    const { code, stderr } = await init(directory);
    expect(contentsOf(join(directory, 'tls'))).toEqual(before);
    expect(code).toBe(1);
    return stderr;
  };
  chmodSync(at('ca.key'), 0o644);
  expect(await refusal()).toContain('ca.key can be read or written by others (mode 0644)');
  chmodSync(at('ca.key'), 0o600);
  writeFileSync(at('ca.crt'), readFileSync(at('server.crt')));
  expect(await refusal()).toContain('ca.key cannot be used: the key is not that of the certificate');
  const old = await makeAuthority('old', Date.now() - 4_000 * dayMs);
  writeFileSync(at('ca.crt'), old.certificate);
  writeFileSync(at('ca.key'), old.key);
  expect(await refusal()).toMatch(/ca\.crt holds until .* name another --dir for a new CA/);
  rmSync(at('ca.key'));
  expect(await refusal()).toContain('ca.key is not there, and ca.crt is');
});

it.each(['reg.example:5000', 'https://reg.example', 'a b', ''])('refuses the name %j', async (name) => {
  const directory = await scratchDirectory();
  const { code, stderr } = await init(directory, '--name', name);
  expect({ code, names: readdirSync(directory) }).toEqual({ code: 2, names: [] });
  expect(stderr).toContain('is no name of a host and no address');
});

it('makes one CA when two run at once', async () => {
  const directory = await scratchDirectory();
  const runs = await Promise.all([init(directory), init(directory), init(directory)]);
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  const authority = new X509Certificate(readFileSync(join(directory, 'tls/ca.crt')));
  const certificate = new X509Certificate(readFileSync(join(directory, 'tls/server.crt')));
  expect(certificate.verify(authority.publicKey)).toBe(true);
  // Whatever the CA is called that signed last: clients look for it by that name.
  expect(certificate.issuer).toBe(authority.subject);
});

it.runIf(process.platform === 'linux')('refuses a directory that cannot be made, in one line', async () => {
  const { code, stdout, stderr } = await init(await scratchDirectory(), '--dir', '/proc/none/tls');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^moorage: cannot make \/proc\/none\/tls: ENOENT[^\n]*\n$/);
});
