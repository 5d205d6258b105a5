// Who sent a request, by what it shows.
import { describe, expect, it } from 'vitest';
import type { Account, Accounts } from '../../../src/auth/accounts.ts';
import { RequestAuthentication, type Tokens } from '../../../src/auth/authentication.ts';
import { BadCredentialsError } from '../../../src/auth/bad-credentials-error.ts';
import { anonymous, type Principal } from '../../../src/auth/principal.ts';
import type { CertificateUser } from '../../../src/auth/shown-credentials.ts';

const anna: Principal = { ...anonymous, name: 'anna', kind: 'user', shown: 'basic' };
const account: Account = { principal: anna, generation: '1', endsAtMs: undefined };

function authentication(check: Accounts['check'] = () => account) {
  const tokens: Tokens = {
    authenticate: (token) => {
      throw new BadCredentialsError(token, { isToken: true });
    },
  };
  const authentication = new RequestAuthentication({ check, find: () => undefined }, tokens);
  return (authorization: string | undefined, certificate?: CertificateUser) =>
    authentication.authenticate({ authorization, certificate, address: () => '192.0.2.7' });
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('a request', () => {
  it('is anonymous without credentials, and with empty ones, as both conformance suites send them', () => {
    const authenticate = authentication(() => {
      throw new Error('nobody is asked');
    });
    for (const header of [undefined, '', basic(':')]) expect(authenticate(header)).toBe(anonymous);
  });

  it('is of whoever has the name and the password, asked with the address', async () => {
    const asked: unknown[] = [];
    const authenticate = authentication((...credentials) => {
      asked.push(credentials);
      return account;
    });
    expect(authenticate(basic('anna:pass:word'))).toBe(anna);
    expect(asked).toEqual([['anna', 'pass:word', '192.0.2.7']]);
    expect(await authentication(async () => account)(basic('anna:secret'))).toBe(anna);
  });

  it('is of whom the certificate stands for, one principal for each connection; credentials win over it', () => {
    const authenticate = authentication();
    const certificate = { name: 'robot-7', groups: ['machines'] };
    const principal = authenticate(undefined, certificate);
    expect(principal).toEqual({
      ...anonymous,
      name: 'robot-7',
      kind: 'certificate',
      shown: 'certificate',
      groups: ['machines'],
    });
    expect(authenticate(undefined, certificate)).toBe(principal);
    expect(authenticate(undefined, { ...certificate })).not.toBe(principal);
    expect(authenticate(basic('anna:secret'), certificate)).toBe(anna);
  });

  it.each(['Digest abc', 'Basic', 'Basic !!!', basic('no-colon'), `Basic ${'A'.repeat(20_000)}`])(
    'is refused with credentials that cannot be read, also beside a certificate: %.20s',
    (header) => {
      const certificate = { name: 'robot-7', groups: [] };
      expect(() => authentication()(header, certificate)).toThrow(BadCredentialsError);
    },
  );
});
