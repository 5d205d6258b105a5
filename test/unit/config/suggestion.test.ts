// "Did you mean".
import { describe, expect, it } from 'vitest';
import { nearest } from '../../../src/config/suggestion.ts';

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
