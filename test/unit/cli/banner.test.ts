// What is printed when the server is ready.
import { describe, expect, it } from 'vitest';
import { type BannerFacts, banner } from '../../../src/cli/banner.ts';

const facts: BannerFacts = {
  version: '0.1.0',
  host: '127.0.0.1',
  port: 5000,
  tls: undefined,
  mounts: [{ name: '', path: '/srv/registry', kind: 'root', readOnly: false }],
  readOnly: false,
  asksWhoIsThere: false,
};

describe('banner', () => {
  it('counts the archives of a directory', () => {
    const root = { name: '', path: '/usb', kind: 'root', archives: 3 } as const;
    expect(banner({ ...facts, mounts: [{ ...root, readOnly: true }] })).toContain('/usb (3 archives)\n');
    expect(banner({ ...facts, mounts: [{ ...root, archives: 1, readOnly: false }] })).toContain(
      '/usb (one OCI image layout per repository, and 1 archive)\n',
    );
  });

  it('shows address, directory, and commands with the real port', () => {
    const text = banner({ ...facts, port: 32_123 });
    expect(text).toContain('http://127.0.0.1:32123 ');
    expect(text).toContain('/srv/registry ');
    expect(text).toContain('docker push localhost:32123/team/app:v1\n');
    expect(text).toContain('oras push localhost:32123/team/app:v1 ');
    expect(text).toContain(' docker://localhost:32123/team/app:v1\n');
    expect(text).toContain('crane push app.tar localhost:32123/team/app:v1\n');
    expect(text).toContain('docker pull localhost:32123/team/app:v1\n');
    expect(text).not.toContain('WARNING');
  });

  it('says that nothing in memory stays', () => {
    expect(banner({ ...facts, mounts: [{ name: '', path: '', kind: 'root', readOnly: false }] })).toContain(
      'in memory: all of it is gone when moorage stops',
    );
  });

  it('has no push commands when pushes are refused', () => {
    const mounts = [{ name: '', path: '/srv/registry', kind: 'root', readOnly: true } as const];
    const text = banner({ ...facts, mounts, readOnly: true });
    expect(text).toContain('read-only');
    expect(text).not.toContain(' push ');
  });

  it('says what each mount takes, and that none takes anything', () => {
    const [archive, layout] = [
      { name: 'images', path: '/srv/images.tar', kind: 'archive', readOnly: true },
      { name: 'team/app', path: '/srv/app', kind: 'layout', readOnly: false },
    ] as const;
    const both = banner({ ...facts, mounts: [archive, layout] });
    expect(both).toContain('(read and write, ');
    expect(both).toContain('/srv/images.tar (an archive, read-only) as images\n');
    expect(both).toContain('/srv/app (an OCI image layout) as team/app\n');
    const one = banner({ ...facts, mounts: [archive], host: '0.0.0.0' });
    expect(one).toContain('(read-only, ');
    expect(one).toContain('/srv/images.tar (an archive) as images\n');
    expect(one).toContain('can pull everything in it');
  });

  it.each(['*', '0.0.0.0', '::', '192.168.1.5'])('warns of %s', (host) => {
    expect(banner({ ...facts, host })).toMatch(/!! WARNING: this registry listens beyond this machine/);
    expect(banner({ ...facts, host })).toContain('can push, overwrite and delete');
    expect(banner({ ...facts, host, readOnly: true })).toContain('can pull everything in it');
  });

  it('warns of passwords in plain text beyond this machine, where users log in', () => {
    const asked = { ...facts, asksWhoIsThere: true };
    expect(banner(asked)).toContain('(read and write, for those who may)');
    expect(banner(asked)).not.toContain('WARNING');
    expect(banner({ ...asked, host: '*' })).toMatch(/!! WARNING: passwords and tokens cross the network as plain text/);
    expect(banner({ ...asked, host: '*' })).not.toContain('asks nobody');
    const tls = { nameAmong: () => 'registry.example' };
    expect(banner({ ...asked, host: '*', tls })).not.toContain('WARNING');
  });

  it('names a host that clients can connect to', () => {
    expect(banner({ ...facts, host: '::1' })).toContain('http://[::1]:5000 ');
    expect(banner({ ...facts, host: '::1' })).toContain('docker pull localhost:5000/');
    expect(banner({ ...facts, host: '0.0.0.0' })).toContain('docker pull localhost:5000/');
    expect(banner({ ...facts, host: '*' })).toContain('docker pull localhost:5000/');
    expect(banner({ ...facts, host: '*' })).toContain(
      '  http://localhost:5000 and every other address of this machine (',
    );
    expect(banner({ ...facts, host: '192.168.1.5' })).toContain('oras pull --plain-http 192.168.1.5:5000/');
    expect(banner({ ...facts, host: 'fd00::5' })).toContain('crane pull --insecure [fd00::5]:5000/');
    expect(banner({ ...facts, host: '127.0.0.2' })).toContain('oras pull --plain-http 127.0.0.2:5000/');
  });

  it('says what docker needs before it takes plain HTTP, where it needs something', () => {
    expect(banner({ ...facts, host: '192.168.1.5' })).toContain('{"insecure-registries": ["192.168.1.5:5000"]}');
    expect(banner({ ...facts, host: 'fd00::5' })).toContain('["[fd00::5]:5000"]');
    for (const host of ['127.0.0.1', '127.0.0.2', '::1', '*', '0.0.0.0'])
      expect(banner({ ...facts, host })).not.toContain('insecure-registries');
  });

  it('says https by a name of the certificate, and nothing of plain HTTP', () => {
    const tls = { nameAmong: (wanted: readonly string[]) => (wanted.length === 0 ? 'reg.example' : wanted[0]) };
    expect(banner({ ...facts, tls })).toContain('  address   https://localhost:5000 (');
    const text = banner({ ...facts, tls, host: '*' });
    expect(text).toContain('  address   https://reg.example:5000 and every other address of this machine (');
    expect(text).toContain('/etc/docker/certs.d/reg.example:5000/ca.crt');
    expect(text).toContain('    oras pull reg.example:5000/');
    expect(text).toContain('    skopeo copy docker://reg.example:5000/');
    expect(text).not.toMatch(/http:|insecure|plain/);
    expect(banner({ ...facts, tls })).toContain('    oras pull --plain-http=false localhost:5000/');
    expect(text).toContain('asks nobody who they are');
    expect(banner({ ...facts, tls: { nameAmong: () => undefined } })).toContain('https://localhost:5000 (');
  });

  it('ends no line in spaces', () => {
    for (const host of ['127.0.0.1', '*']) expect(banner({ ...facts, host })).not.toMatch(/ $/m);
  });
});
