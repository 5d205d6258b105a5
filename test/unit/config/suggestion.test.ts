// "Did you mean".
import { describe, expect, it } from 'vitest';
import { nearest } from '../../../src/config/suggestion.ts';

describe('nearest', () => {
  const known = ['server.listen', 'server.readOnly', 'log.level'];

  it('finds a word with a few wrong letters, whatever its case', () => {
    expect(nearest('server.lisen', known)).toBe('server.listen');
    expect(nearest('server.readonly', known)).toBe('server.readOnly');
  });

  it('suggests nothing for a word unlike all others', () => {
    expect(nearest('storage.compression', known)).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
});
