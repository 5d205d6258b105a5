// The CAs of clients that several processes of a server read: one that was taken out is taken out for all of them.
import { expect, it } from 'vitest';
import { ClientAuthorities } from '../../../src/tls/client-authorities.ts';
import { makeClient } from '../../support/client-certificates.ts';
import { sharedFile } from '../../support/shared-reads.ts';
import { silentLog } from '../../support/silent-log.ts';
import { TestClock } from '../../support/test-clock.ts';

const [one, other] = (
  await Promise.all(
    ['one', 'other'].map((name) => makeClient(undefined, { purpose: 'authority', subject: [{ CN: [name] }] })),
  )
).map(({ certificate }) => `${certificate}\n`) as [string, string];

async function severalReaders(text: string) {
  const { path, write, sharing } = await sharedFile('clients.pem', text);
  const reader = () => {
    const clock = new TestClock();
    const read = new ClientAuthorities({ path, sharing: sharing(), log: silentLog, clock });
    return () => {
      clock.advance(10_000);
      return read.current().certificates.length;
    };
  };
  return { write, first: reader(), second: reader() };
}

it('are gone for one that saw the file only when it was broken', async () => {
  const { write, first, second } = await severalReaders(one + other);
  await write(one);
  expect(first()).toBe(1);
  await write('broken');
  expect([second(), first()]).toEqual([1, 1]);
});

it('are those of the file when it says again what it said before another process told of something else', async () => {
  const { write, first, second } = await severalReaders(one + other);
  await write(one);
  expect(first()).toBe(1);
  await write(one + other);
  expect([second(), first()]).toEqual([2, 2]);
});
