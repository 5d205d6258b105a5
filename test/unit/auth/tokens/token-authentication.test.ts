// Tokens of ours: what is taken, what never is, and that they end with their user.
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import type { Account } from '../../../../src/auth/accounts.ts';
import { BadCredentialsError } from '../../../../src/auth/bad-credentials-error.ts';
import { anonymous } from '../../../../src/auth/principal.ts';
import { sealOf } from '../../../../src/auth/tokens/access-token.ts';
import { PrivateDirectory } from '../../../../src/storage/filesystem/private-directory.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { pullOfA, tokenParts } from '../../../support/token-parts.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const nobody: Account = { principal: anonymous, generation: '', endsAtMs: undefined };

async function annsToken() {
  const parts = await tokenParts();
  parts.accounts.set('ann', 'secret', { groups: ['team'] });
  const { token } = await parts.signer.sign(parts.accounts.check('ann', 'secret'), pullOfA);
  const shown = async (text = token) => parts.authentication.authenticate(text, undefined);
  return { ...parts, token, shown };
}

async function refusal(shown: Promise<unknown>): Promise<BadCredentialsError> {
  const error = await shown.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BadCredentialsError)) throw new Error(`not refused: ${error}`);
  expect(error.isToken).toBe(true);
  return error;
}

describe('a token', () => {
  it('is its user, for what it was given, with the groups of now', async () => {
    const { shown, accounts } = await annsToken();
    const ann = { ...anonymous, name: 'ann', kind: 'user', shown: 'bearer', scope: pullOfA };
    expect(await shown()).toEqual({ ...ann, groups: ['team'] });
    accounts.set('ann', 'secret', { groups: ['other'] });
    expect(await shown()).toEqual({ ...ann, groups: ['other'] });
  });

  it('is verified once, and the same object to whoever remembers its rights', async () => {
    const { authentication, signer, token, shown } = await annsToken();
    const verify = vi.spyOn(signer, 'verify');
    const first = await shown();
    expect(authentication.authenticate(token, undefined)).toBe(first);
    expect(verify).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['is removed', 'its user is gone', (parts: Parts) => parts.accounts.remove('ann')],
    ['changes the password', 'password was changed', (parts: Parts) => parts.accounts.set('ann', 'new')],
    [
      'is another kind of user by now',
      'its user is gone',
      (parts: Parts) => parts.accounts.set('ann', 'secret', { kind: 'robot' }),
    ],
    ['has ended', 'its user has ended', (parts: Parts) => parts.accounts.set('ann', 'secret', { endsAtMs: 0 })],
  ])('ends when its user %s, verified before or not', async (_what, reason, change) => {
    const known = await annsToken();
    await known.shown();
    change(known);
    expect((await refusal(known.shown())).message).toContain(reason);
    const unknown = await annsToken();
    change(unknown);
    expect((await refusal(unknown.shown())).message).toContain(reason);
  });

  it('ends after five minutes, verified before or not', async () => {
    const { clock, shown, token, signer } = await annsToken();
    await shown();
    clock.advance(5 * minute - 2_000);
    await shown();
    clock.advance(2_000);
    expect((await refusal(shown())).message).toContain('it has ended');
    await refusal(signer.verify(token));
  });

  it('ends with an account that ends sooner, and is not given after that', async () => {
    const { accounts, signer, clock } = await tokenParts();
    accounts.set('robot', 'secret', { kind: 'robot', endsAtMs: clock.now() + 30_000 });
    const { expiresInS } = await signer.sign(accounts.check('robot', 'secret'), []);
    expect(expiresInS).toBeGreaterThan(27);
    expect(expiresInS).toBeLessThanOrEqual(30);
    clock.advance(30_000);
    await expect(signer.sign(accounts.check('robot', 'secret'), [])).rejects.toThrow('has ended');
  });

  it('is taken although the clock was set back since, by hours', async () => {
    const { clock, shown } = await annsToken();
    clock.step(-20 * 60 * minute);
    await shown();
  });

  it('that a clock of next year gave out is not good for a year', async () => {
    const parts = await tokenParts();
    parts.accounts.set('ann', 'secret');
    parts.clock.step(20 * day);
    const { token } = await parts.signer.sign(parts.accounts.check('ann', 'secret'), []);
    parts.clock.step(-20 * day);
    expect((await refusal(Promise.resolve(parts.authentication.authenticate(token, undefined)))).message).toContain(
      'ends too late',
    );
  });

  it('says nothing of the password or its hash', async () => {
    const { token } = await annsToken();
    const [, payload = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(Object.keys(claims).sort()).toEqual(['access', 'aud', 'exp', 'iat', 'iss', 'kind', 'seal', 'sub']);
    expect(JSON.stringify(claims)).not.toContain('secret');
    expect(claims.seal).toMatch(/^[\w-]{43}$/);
  });

  it('of anonymous is nobody, with a token', async () => {
    const { signer, authentication } = await tokenParts();
    const { token } = await signer.sign(nobody, pullOfA);
    expect(await authentication.authenticate(token, undefined)).toEqual({
      ...anonymous,
      shown: 'bearer',
      scope: pullOfA,
    });
  });

  it('of a certificate is good only with that certificate', async () => {
    const { signer, authentication } = await tokenParts();
    const ann = { name: 'ann', groups: ['site'] };
    const principal = { ...anonymous, ...ann, kind: 'certificate', shown: 'certificate' } as const;
    const { token } = await signer.sign({ principal, generation: '', endsAtMs: undefined }, pullOfA);
    const shown = async (certificate?: typeof ann) => authentication.authenticate(token, certificate);
    expect(await shown(ann)).toEqual({ ...principal, shown: 'bearer', scope: pullOfA });
    await refusal(shown());
    await refusal(shown({ ...ann, name: 'bert' }));
    expect(await shown({ ...ann, groups: ['moved'] })).toMatchObject({ groups: ['moved'] });
  });

  it('of an issuer elsewhere ends with its rules', async () => {
    const principal = { ...anonymous, name: 'ci', kind: 'external', groups: ['ci'], shown: 'basic' } as const;
    const external = { generations: ['rules-1'], accountOf: () => undefined };
    const { signer, authentication } = await tokenParts({ external });
    const signed = (generation: string) => signer.sign({ principal, generation, endsAtMs: undefined }, pullOfA);
    expect(await authentication.authenticate((await signed('rules-1')).token, undefined)).toEqual({
      ...principal,
      shown: 'bearer',
      scope: pullOfA,
    });
    const { token } = await signed('rules-0');
    await refusal((async () => authentication.authenticate(token, undefined))());
  });

  it('ends within a second when somebody deletes the file of its key', async () => {
    const directory = new PrivateDirectory(join(await temporaryDirectory(), 'keys'));
    const { accounts, signer, authentication, clock } = await tokenParts({ directory });
    accounts.set('ann', 'secret');
    const { token } = await signer.sign(accounts.check('ann', 'secret'), pullOfA);
    const shown = async () => authentication.authenticate(token, undefined);
    await shown();
    for (const name of directory.names() ?? []) await directory.remove(name);
    clock.advance(1_000);
    await refusal(shown());
  });
});

type Parts = Awaited<ReturnType<typeof annsToken>>;

describe('what is no token of ours', () => {
  async function forged() {
    const parts = await annsToken();
    const key = await parts.keys.signing();
    const claims = { sub: 'ann', kind: 'user', seal: sealOf(key, 'secret'), access: pullOfA };
    const jwt = (more: Record<string, unknown> = {}) => {
      const nowS = Math.floor(parts.clock.now() / 1_000);
      return new SignJWT({ iss: 'moorage', aud: 'moorage', exp: nowS + 60, iat: nowS, ...claims, ...more });
    };
    const header = { alg: 'HS256', typ: 'JWT', kid: key.kid };
    return { ...parts, key, jwt, header };
  }

  it('begins with a right one, signed by hand', async () => {
    const { jwt, header, key, shown } = await forged();
    await shown(await jwt().setProtectedHeader(header).sign(key.secret));
  });

  it.each(['', 'x', 'a.b.c', '..', 'e30.e30.', 'a.b.c.d.e', 'é.é.é', `${'a'.repeat(13_000)}.b.c`])(
    '%j',
    async (text) => {
      const { shown } = await annsToken();
      await refusal(shown(text));
    },
  );

  it('another key under the name of ours, or in the token itself', async () => {
    const { jwt, header, shown } = await forged();
    const secret = randomBytes(32);
    const k = secret.toString('base64url');
    const jwk = { kty: 'oct', k } as const;
    for (const more of [{}, { jwk }, { jku: 'https://evil.example/keys' }, { x5u: 'https://evil.example/cert' }]) {
      const token = await jwt()
        .setProtectedHeader({ ...header, ...more })
        .sign(createSecretKey(secret));
      await refusal(shown(token));
    }
  });

  it('a key that we do not have, and names that are paths', async () => {
    const { jwt, header, key, shown } = await forged();
    for (const kid of ['', 'f'.repeat(32), '../../etc/passwd', `../keys/${key.kid}`, '/dev/null', `${key.kid}\0`]) {
      await refusal(
        shown(
          await jwt()
            .setProtectedHeader({ ...header, kid })
            .sign(key.secret),
        ),
      );
    }
  });

  it('no signature: alg none, in any spelling, and a signature cut off', async () => {
    const { token, shown, key } = await forged();
    const [, payload = '', signature = ''] = token.split('.');
    for (const alg of ['none', 'None', 'NONE', '', undefined]) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'JWT', kid: key.kid })).toString('base64url');
      await refusal(shown(`${header}.${payload}.`));
      await refusal(shown(`${header}.${payload}.${signature}`));
    }
    await refusal(shown(token.slice(0, -1)));
    await refusal(shown(token.slice(0, token.lastIndexOf('.') + 1)));
  });

  it('another algorithm, with our key or a pair of keys', async () => {
    const { jwt, header, key, shown } = await forged();
    for (const alg of ['HS384', 'HS512']) {
      await refusal(
        shown(
          await jwt()
            .setProtectedHeader({ ...header, alg })
            .sign(createSecretKey(Buffer.concat([key.secret.export(), Buffer.alloc(32)]))),
        ),
      );
    }
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await refusal(
      shown(
        await jwt()
          .setProtectedHeader({ ...header, alg: 'RS256' })
          .sign(privateKey),
      ),
    );
  });

  it.each([
    ['another issuer', { iss: 'https://other.example' }],
    ['another audience', { aud: 'somebody-else' }],
    ['an end that is over', { exp: 1 }],
    ['no end', { exp: undefined }],
    ['an end in years', { exp: 10_000_000_000 }],
    ['no subject', { sub: undefined }],
    ['a name without a kind', { kind: undefined }],
    ['an unknown kind', { kind: 'root' }],
    ['nobody as a user', { sub: '' }],
    ['a name for anonymous', { kind: 'anonymous' }],
    ['no scope', { access: undefined }],
    ['a scope of another shape', { access: [{ type: 'repository', name: 'a', actions: 'pull' }] }],
    ['groups of another shape', { groups: 'admins' }],
    ['the seal of another password', { seal: 'x' }],
  ])('our key, but %s', async (_what, claims) => {
    const { jwt, header, key, shown } = await forged();
    await refusal(shown(await jwt(claims).setProtectedHeader(header).sign(key.secret)));
  });

  it('our key, but another type, or extensions that we do not know', async () => {
    const { jwt, header, key, shown } = await forged();
    await refusal(
      shown(
        await jwt()
          .setProtectedHeader({ ...header, typ: 'other' })
          .sign(key.secret),
      ),
    );
    const critical = { ...header, crit: ['exp'], exp: 1 };
    await refusal(
      shown(
        await jwt()
          .setProtectedHeader(critical)
          .sign(key.secret, { crit: { exp: false } }),
      ),
    );
  });

  it('groups of a user in the token: those of now count alone', async () => {
    const { jwt, header, key, shown } = await forged();
    const token = await jwt({ groups: ['admins'] })
      .setProtectedHeader(header)
      .sign(key.secret);
    expect(await shown(token)).toMatchObject({ groups: ['team'] });
  });
});
