// `auth.issuers`, as it may be written, and what is said of what may not.
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.ts';

async function issuersIn(value: unknown) {
  const flags = [{ path: 'auth.issuers', value, origin: 'test' }];
  return (await loadSettings({ flags, environment: {}, file: undefined })).auth.issuers;
}

async function problem(value: unknown): Promise<string> {
  const error = await issuersIn(value).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  return error?.message ?? '';
}

const user = { claims: { repository: 'acme/*' }, user: 'ci/{repository}' };
const issuer = { issuer: 'https://token.actions.githubusercontent.com', audience: 'moorage', users: [user] };

describe('auth.issuers', () => {
  it('is a list, also as JSON in the environment', async () => {
    const [parsed] = (await issuersIn([issuer])) ?? [];
    expect(parsed).toMatchObject({ issuer: issuer.issuer, audience: ['moorage'] });
    expect(parsed?.users[0]).toMatchObject({ user: 'ci/{repository}', groups: [] });
    const environment = { MOORAGE_AUTH_ISSUERS: JSON.stringify([issuer]) };
    const { auth } = await loadSettings({ flags: [], environment, file: undefined });
    expect(auth.issuers).toHaveLength(1);
  });

  it.each([
    'https://gitlab.example:8443/sub',
    'https://kubernetes.default.svc.cluster.local',
    'http://127.0.0.1:8080',
    'http://localhost',
  ])('takes %s as an issuer', async (url) => {
    expect(await issuersIn([{ ...issuer, issuer: url }])).toHaveLength(1);
  });

  it.each(['keys.json', '/etc/moorage/keys.json', 'https://issuer.example/keys?x=1', 'http://[::1]:1/keys'])(
    'takes keys of %s',
    async (jwks) => {
      expect(await issuersIn([{ ...issuer, jwks }])).toHaveLength(1);
    },
  );

  it.each([
    ['no list', 'github', 'is not a list of issuers'],
    ['plain HTTP', [{ ...issuer, issuer: 'http://issuer.example' }], 'issuer 1, issuer: is no HTTPS URL'],
    ['a name', [{ ...issuer, issuer: 'moorage' }], 'issuer 1, issuer: is no HTTPS URL'],
    ['a password in a URL', [{ ...issuer, issuer: 'https://a:b@issuer.example' }], 'is no HTTPS URL'],
    ['no audience', [{ ...issuer, audience: undefined }], 'issuer 1, audience'],
    ['no audience in the list', [{ ...issuer, audience: [] }], 'issuer 1, audience'],
    ['keys over plain HTTP', [{ ...issuer, jwks: 'http://issuer.example/keys' }], 'is no HTTPS URL of keys'],
    ['keys by another protocol', [{ ...issuer, jwks: 'file:///etc/keys' }], 'is no HTTPS URL of keys'],
    ['no users', [{ ...issuer, users: [] }], 'an issuer without a rule about users'],
    ['no claims', [{ ...issuer, users: [{ user: 'ci', claims: {} }] }], 'would let in everybody'],
    ['an odd pattern', [{ ...issuer, users: [{ user: 'ci', claims: { sub: '' } }] }], 'claims'],
    ['an odd name', [{ ...issuer, users: [{ ...user, user: 'ci/{repository' }] }], 'braces that name no claim'],
    ['an unknown key', [{ ...issuer, users: [{ ...user, role: 'x' }] }], '"role" is not a key of a rule'],
    ['the same issuer twice', [issuer, issuer], 'names an issuer twice'],
  ])('refuses %s', async (_what, value, words) => {
    expect(await problem(value)).toContain(words);
  });
});
