// "Did you mean".
import { describe, expect, it } from 'vitest';
import { elsewhere, nearest } from '../../../src/config/suggestion.ts';

describe('nearest', () => {
  const known = ['server.listen', 'server.readOnly', 'log.level'];

  it('finds a word with a few wrong letters, whatever its case', () => {
    expect(nearest('server.lisen', known)).toBe('server.listen');
    expect(nearest('server.readonly', known)).toBe('server.readOnly');
  });

  it('finds the only word that begins so, and not one of several', () => {
    const long = ['server.tls.certificate', 'server.tls.key', 'server.tls.clientCA', 'server.tls.clientUsers'];
    expect(nearest('server.tls.cert', long)).toBe('server.tls.certificate');
    expect(nearest('server.tls.client', long)).toBe('server.tls.clientCA');
    expect(nearest('server.', ['server.tls.certificate'])).toBeUndefined();
  });

  it('suggests nothing for a word unlike all others', () => {
    expect(nearest('storage.compression', known)).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
});

it('elsewhere finds what was written in another place than its own', () => {
  const known = ['access', 'auth.htpasswd', 'server.tls', 'server.tls.certificate', 'audit.file', 'log.file'];
  expect(elsewhere('htpasswd', known, '.')).toBe('auth.htpasswd');
  expect(elsewhere('auth.access', known, '.')).toBe('access');
  expect(elsewhere('server.certificate', known, '.')).toBe('server.tls.certificate');
  expect(elsewhere('tls', known, '.')).toBe('server.tls');
  expect(elsewhere('file', known, '.')).toBeUndefined();
  expect(elsewhere('HTPASSWD', ['AUTH_HTPASSWD', 'ACCESS'], '_')).toBe('AUTH_HTPASSWD');
});
