// What of a htpasswd file is taken, and the one line that is said of one that is not: with its number, and never a password or a hash.
import { describe, expect, it } from 'vitest';
import { parseHtpasswd } from '../../../../src/auth/htpasswd/htpasswd-file.ts';
import { costOf, isPasswordHash, nobodysHash } from '../../../../src/auth/htpasswd/password-hash.ts';

const hash = `$2y$10$${'a'.repeat(53)}`;

function usersIn(text: string): unknown {
  const lines = parseHtpasswd(Buffer.from(text));
  if ('problem' in lines) return lines.problem;
  return lines.flatMap((line) => (line.kind === 'user' ? [[line.name, line.hash]] : []));
}

describe('a htpasswd file', () => {
  it('has users, comments and blank lines, also as Windows writes them', () => {
    const text = `\uFEFF# users\r\n\r\nanna:${hash}\r\n   \nmüller@team/x:$2b$04$${'B'.repeat(53)}\n#bert:x\nbert:$2a$14$${'/'.repeat(53)} `;
    expect(usersIn(text)).toEqual([
      ['anna', hash],
      ['müller@team/x', `$2b$04$${'B'.repeat(53)}`],
      ['bert', `$2a$14$${'/'.repeat(53)}`],
    ]);
  });

  it('may be empty', () => {
    expect(usersIn('')).toEqual([]);
    expect(usersIn('\n')).toEqual([]);
  });

  it.each([
    ['x:$apr1$salt$hash', 'line 2: the password of "x" is an MD5 hash; only bcrypt is taken: moorage user add x'],
    ['x:$1$salt$hash', 'line 2: the password of "x" is an MD5 hash; only bcrypt is taken: moorage user add x'],
    ['x:{SHA}hash', 'line 2: the password of "x" is a SHA hash; only bcrypt is taken: moorage user add x'],
    ['x:$6$salt$hash', 'line 2: the password of "x" is a SHA hash; only bcrypt is taken: moorage user add x'],
    ['x:rqXexS6ZhobKA', expect.stringContaining('"x" is a crypt hash, or no hash at all;')],
    ['x:open sesame', expect.stringContaining('the password of "x" is not hashed;')],
    ['x:', expect.stringContaining('the password of "x" is empty;')],
    ['x:$argon2id$v=19$m=1$a$b', expect.stringContaining('the password of "x" is a hash of another kind;')],
    [`x:$2x$10$${'a'.repeat(53)}`, expect.stringContaining('the password of "x" is no whole bcrypt hash;')],
    [`x:$2y$10$${'a'.repeat(52)}`, expect.stringContaining('the password of "x" is no whole bcrypt hash;')],
    [`x:${hash}:extra`, expect.stringContaining('the password of "x" is no whole bcrypt hash;')],
    [`x:$2y$03$${'a'.repeat(53)}`, expect.stringContaining('the password of "x" is no whole bcrypt hash;')],
    [`x:$2y$15$${'a'.repeat(53)}`, expect.stringContaining('"x" is a bcrypt hash of cost 15; above 14 one login')],
    [`x:$2y$31$${'a'.repeat(53)}`, expect.stringContaining('"x" is a bcrypt hash of cost 31; above 14 one login')],
    ["it's me:plain", expect.stringContaining(String.raw`moorage user add 'it'\''s me'`)],
    [`anna:${hash}`, 'line 2: "anna" is in line 1 already; remove one of them'],
    [`:${hash}`, 'line 2: the name "" is empty'],
    [` x:${hash}`, 'line 2: the name " x" begins or ends with a space'],
    [`${'ü'.repeat(128)}:${hash}`, expect.stringContaining('is longer than 255 bytes')],
    [`x\u001b[31m:${hash}`, String.raw`line 2: the name "x\u{1b}[31m" holds characters that cannot be seen`],
    [`x\0:${hash}`, String.raw`line 2: the name "x\u{0}" holds characters that cannot be seen`],
    [`a\u202eb:${hash}`, String.raw`line 2: the name "a\u{202e}b" holds characters that cannot be seen`],
    [`anonymous:${hash}`, 'line 2: the name "anonymous" means somebody else in rules'],
    [`authenticated:${hash}`, 'line 2: the name "authenticated" means somebody else in rules'],
    ['hunter2', 'line 2 is not NAME:HASH; remove it, and run "moorage user add NAME"'],
  ])('refuses %j', (line, problem) => {
    expect(usersIn(`anna:${hash}\n${line}\nbert:${hash}`)).toEqual(problem);
  });

  it('refuses what is not UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from([0xfc]), Buffer.from(`:${hash}`)]);
    expect(parseHtpasswd(bytes)).toEqual({ problem: 'line 1: the name "\uFFFD" is not UTF-8' });
  });

  it('says nothing of what a password or a hash says', () => {
    for (const secret of ['$apr1$SECRET', 'SECRET', '$2y$10$SECRET', '{SHA}SECRET', '$2y$15$SECRET', 'SECRETSECRETS']) {
      expect(JSON.stringify(usersIn(`x:${secret}`))).not.toContain('SECRET');
    }
    expect(usersIn('SECRET')).not.toContain('SECRET');
  });
});

it('the hash that is nobody’s looks like one of a user', () => {
  for (const cost of [4, 10, 14]) {
    const nobody = nobodysHash(cost);
    expect(isPasswordHash(nobody)).toBe(true);
    expect(costOf(nobody)).toBe(cost);
    expect(nobodysHash(cost)).not.toBe(nobody);
  }
});
