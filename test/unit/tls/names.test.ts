// Names of certificates: which are taken for one that is made, and which is shown to clients.
import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { namesOfThisMachine, parseServerName } from '../../../src/tls/issue/server-names.ts';
import { shownName } from '../../../src/tls/shown-name.ts';
import { makeAuthority } from '../../support/certificates.ts';

it.each([
  ['registry', { type: 'dns', value: 'registry' }],
  ['Registry.Example.', { type: 'dns', value: 'registry.example' }],
  ['*.apps.example', { type: 'dns', value: '*.apps.example' }],
  ['my_host', { type: 'dns', value: 'my_host' }],
  ['bücher.example', { type: 'dns', value: 'xn--bcher-kva.example' }],
  ['10.0.0.7', { type: 'ip', value: '10.0.0.7' }],
  ['[fd00::7]', { type: 'ip', value: 'fd00::7' }],
  ['fd00::7', { type: 'ip', value: 'fd00::7' }],
])('takes %s', (written, name) => {
  expect(parseServerName(written)).toEqual(name);
});

it.each([
  '',
  '*',
  'a b',
  'https://a.example',
  'a.example:5000',
  'a/b',
  '10.0.0',
  '10.0.0.256',
  'fe80::1%eth0',
  '-a.example',
  'a'.repeat(64),
])('takes no %j', (written) => {
  expect(parseServerName(written)).toBeUndefined();
});

it('is for this machine by its name and from itself', () => {
  const values = (hostName: string) => namesOfThisMachine(hostName).map(({ value }) => value);
  expect(values('pi')).toEqual(['pi', 'localhost', '127.0.0.1', '::1']);
  expect(values('localhost')).toEqual(['localhost', '127.0.0.1', '::1']);
  expect(values('(none)')).toEqual(['localhost', '127.0.0.1', '::1']);
});

it('shows a name that the certificate covers, and of several one that others know', async () => {
  const authority = await makeAuthority();
  const shown = async (names: readonly string[], ...wanted: string[]) => {
    const { certificate } = await authority.server({ names });
    return shownName(new X509Certificate(certificate), wanted);
  };
  expect(await shown(['reg.example', 'localhost'], 'localhost')).toBe('localhost');
  expect(await shown(['localhost', 'reg.example'])).toBe('reg.example');
  expect(await shown(['localhost', '::1', '127.0.0.1'])).toBe('localhost');
  expect(await shown(['*.apps.example', '10.0.0.7'], '192.168.1.5')).toBe('10.0.0.7');
  expect(await shown(['*.apps.example'], 'reg.apps.example')).toBe('reg.apps.example');
  expect(await shown(['*.apps.example'])).toBeUndefined();
  expect(await shown(['10.0.0.7', '10.0.0.8'], '10.0.0.8')).toBe('10.0.0.8');
});
