// The Authorization header, as clients write it, and as nobody should.
import { describe, expect, it } from 'vitest';
import { parseAuthorization } from '../../../src/auth/authorization-header.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('an Authorization header', () => {
  it.each([undefined, '', 'Basic Og==', basic(':')])('%j is nobody', (header) => {
    expect(parseAuthorization(header)).toEqual({ scheme: 'none' });
  });

  it.each([
    [basic('ann:secret'), 'ann', 'secret'],
    [basic('ann:se:cr et'), 'ann', 'se:cr et'],
    [basic('ann:'), 'ann', ''],
    [basic(':secret'), '', 'secret'],
    [basic('änn:pässwörd'), 'änn', 'pässwörd'],
    [`basic   ${basic('a:b').slice(6)}  `, 'a', 'b'],
  ])('%j is a name and a password', (header, name, password) => {
    expect(parseAuthorization(header)).toEqual({ scheme: 'basic', name, password });
  });

  it.each(['Bearer abc.def', 'bearer abc.def', 'BEARER  abc.def '])('%j is a token', (header) => {
    expect(parseAuthorization(header)).toEqual({ scheme: 'bearer', token: 'abc.def' });
  });

  it.each([
    'Bearer',
    'Bearer ',
    ' Bearer abc',
    'Bearer abc def',
    'Bearer abc\tdef',
    'Basic',
    'Basic !!!',
    'Basic YQ',
    'Basic a b',
    'BasicOg==',
    'Digest username="ann"',
    'x',
    ' ',
    `Bearer ${'a'.repeat(16 * 1024)}`,
  ])('%j is nothing that is known', (header) => {
    expect(parseAuthorization(header)).toEqual({ scheme: 'unknown' });
  });
});
