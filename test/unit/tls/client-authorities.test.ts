// The CAs of clients that several processes of a server read: one that was taken out is taken out for all of them.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ReadFile } from '../../../src/storage/filesystem/read-sharing.ts';
import { ClientAuthorities } from '../../../src/tls/client-authorities.ts';
import { makeClient } from '../../support/client-certificates.ts';
import { silentLog } from '../../support/silent-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { TestClock } from '../../support/test-clock.ts';

const [one, other] = (
  await Promise.all(
    ['one', 'other'].map((name) => makeClient(undefined, { purpose: 'authority', subject: [{ CN: [name] }] })),
  )
).map(({ certificate }) => `${certificate}\n`) as [string, string];

async function severalReaders(text: string) {
  const path = join(await temporaryDirectory(), 'clients.pem');
  const listeners: ((read: ReadFile) => void)[] = [];
  const write = async (changed: string) => {
    // The clock of a file system has coarse steps.
    await sleep(20);
    writeFileSync(`${path}.draft`, changed);
    renameSync(`${path}.draft`, path);
  };
  await write(text);
  const reader = () => {
    const clock = new TestClock();
    const sharing = {
      tell: (read: ReadFile) => listeners.forEach((listener) => void listener(read)),
      listen: (listener: (read: ReadFile) => void) => void listeners.push(listener),
    };
    const read = new ClientAuthorities({ path, sharing, log: silentLog, clock });
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
