// Passwords are checked in a thread of their own. It runs compiled code: `npm test` builds first.
import { hashSync } from 'bcryptjs';
import { expect, it } from 'vitest';
import { nobodysHash, type PasswordHash } from '../../../../src/auth/htpasswd/password-hash.ts';
import { isPasswordOf } from '../../../../src/auth/htpasswd/password-thread.ts';

function hashed(password: string, prefix: string): PasswordHash {
  return hashSync(password, 4).replace('$2b$', prefix) as PasswordHash;
}

it.each(['$2a$', '$2b$', '$2y$'])('%s hashes are of their password, and of no other', async (prefix) => {
  for (const password of ['secret', 'pässwörd', '😀', 'a'.repeat(72)]) {
    const hash = hashed(password, prefix);
    expect(await isPasswordOf(hash, password)).toBe(true);
    expect(await isPasswordOf(hash, `${password.slice(0, -1)}x`)).toBe(false);
    expect(await isPasswordOf(hash, '')).toBe(false);
  }
});

it('takes what Apache’s own htpasswd wrote', async () => {
  // httpd.apache.org, Password Formats: htpasswd -nbB myName myPassword
  const hash = '$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC' as PasswordHash;
  expect(await isPasswordOf(hash, 'myPassword')).toBe(true);
  expect(await isPasswordOf(hash, 'mypassword')).toBe(false);
});

it('nobody’s hash is of no password', async () => {
  const nobody = nobodysHash(4);
  for (const password of ['', 'secret', nobody]) expect(await isPasswordOf(nobody, password)).toBe(false);
});
