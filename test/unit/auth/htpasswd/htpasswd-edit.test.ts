// Changes to a htpasswd file: what is not meant stays byte for byte.
import { describe, expect, it } from 'vitest';
import { withoutUser, withUser } from '../../../../src/auth/htpasswd/htpasswd-edit.ts';
import type { PasswordHash } from '../../../../src/auth/htpasswd/password-hash.ts';

const hash = '$2y$10$new' as PasswordHash;

function added(text: string, name: string): [string, boolean] {
  const { bytes, wasThere } = withUser(Buffer.from(text), name, hash);
  return [bytes.toString(), wasThere];
}

function removed(text: string, name: string): [string, boolean] {
  const { bytes, wasThere } = withoutUser(Buffer.from(text), name);
  return [bytes.toString(), wasThere];
}

describe('a user that is added', () => {
  it('comes last, also behind a last line without an end', () => {
    expect(added('', 'anna')).toEqual(['anna:$2y$10$new\n', false]);
    expect(added('# ours\n\nbert:x', 'anna')).toEqual(['# ours\n\nbert:x\nanna:$2y$10$new\n', false]);
    expect(added('bert:x\r\n', 'anna')).toEqual(['bert:x\r\nanna:$2y$10$new\r\n', false]);
  });

  it('that is there gets the new hash where it stands, once, whatever it had', () => {
    expect(added('a:1\nanna:$apr1$x\n#anna:y\nannab:2\nanna:again\nz:3\n', 'anna')).toEqual([
      'a:1\nanna:$2y$10$new\n#anna:y\nannab:2\nz:3\n',
      true,
    ]);
  });

  it('may have letters of any kind, also in the first line of a file with a byte order mark', () => {
    expect(added('\uFEFFmüller:1\nb:2\n', 'müller')).toEqual(['müller:$2y$10$new\nb:2\n', true]);
  });
});

it('a user that is removed goes with each of its lines', () => {
  expect(removed('# ours\nanna:1\nb:2\nanna:3', 'anna')).toEqual(['# ours\nb:2\n', true]);
  expect(removed('annab:1\n', 'anna')).toEqual(['annab:1\n', false]);
  expect(removed('anna:1', 'anna')).toEqual(['', true]);
});

it('bytes of others that are no UTF-8 stay', () => {
  const bytes = Buffer.from([0x23, 0xfc, 0xff, 0x0a]);
  expect(withUser(bytes, 'anna', hash).bytes.subarray(0, 4)).toEqual(bytes);
  expect(withoutUser(bytes, 'anna').bytes).toEqual(bytes);
});
