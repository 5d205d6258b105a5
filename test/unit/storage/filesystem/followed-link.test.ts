// What a symbolic link leads to: a regular file that its owner may read, opened as what was looked at, and one version of it.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, type Stats, symlinkSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { openFilesystemReader } from '../../../../src/storage/filesystem/filesystem-reader.ts';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { key } from '../../../contract/store-under-test.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { newDirectory } from './store-on-disk.ts';

async function linksIn(calls: Partial<SystemCalls> = {}) {
  const [directory, outside] = [newDirectory(), newDirectory()];
  mkdirSync(`${directory}/blobs`);
  const reader = await openFilesystemReader(directory, { log: silentLog, calls: { ...systemCalls, ...calls } });
  onTestFinished(() => reader.close());
  const link = (target: string) => symlinkSync(target, `${directory}/blobs/x`);
  const open = async (name = 'blobs/x') => {
    const file = await reader.openFollowed(key(name));
    onTestFinished(() => file?.close());
    return file;
  };
  return { directory, outside, link, open };
}

const ways = [
  { way: 'as on Linux', replaced: {} },
  { way: 'where the system does not tell what is open', replaced: { descriptorPathSync: () => undefined } },
];

test.each(ways)('a file outside is opened, also through further links ($way)', async ({ replaced }) => {
  const { outside, link, open } = await linksIn(replaced);
  writeFileSync(`${outside}/file`, 'content');
  symlinkSync('file', `${outside}/again`);
  link(`${outside}/again`);
  const file = await open();
  expect(file?.info.size).toBe(7);
  expect(file?.fileDescriptor).toBeUndefined();
  const buffer = Buffer.alloc(10);
  expect(await file?.readInto(buffer, 0)).toBe(7);
  expect(await file?.readInto(buffer, 7)).toBe(0);
  expect(await file?.readInto(buffer, 100)).toBe(0);
});

test('what is no link, or below a link, is not opened this way', async () => {
  const { directory, outside, open } = await linksIn();
  writeFileSync(`${directory}/blobs/x`, 'regular');
  writeFileSync(`${outside}/file`, 'secret');
  symlinkSync(`${outside}/file`, `${outside}/x`);
  symlinkSync(outside, `${directory}/linked`);
  for (const name of ['blobs/x', 'blobs', 'linked', 'linked/x', 'linked/file', 'nothing/x', 'blobs/absent']) {
    expect(await open(name), name).toBeUndefined();
  }
});

test.each(['/dev/zero', '/proc/self/environ', '/proc/kmsg', '/sys/kernel/uevent_seqnum', '/', 'nowhere', 'x', 'x/y'])(
  'a link to %s leads to nothing',
  async (target) => {
    const { link, open } = await linksIn();
    link(target);
    expect(await open()).toBeUndefined();
  },
);

test('a pipe is neither opened nor waited for', async () => {
  const { outside, link, open } = await linksIn();
  execFileSync('mkfifo', [`${outside}/pipe`]);
  link(`${outside}/pipe`);
  expect(await open()).toBeUndefined();
});

const ownedBy = (stats: Stats, uid: number): Stats =>
  Object.assign(Object.create(Object.getPrototypeOf(stats)), stats, { uid });

test.each([
  { mode: 0o600, linkOwner: 4242, opened: false },
  { mode: 0o644, linkOwner: 4242, opened: true },
  { mode: 0o600, linkOwner: 0, opened: true },
])('a file of mode $mode of somebody else, by a link of $linkOwner: $opened', async ({ mode, linkOwner, opened }) => {
  const { outside, link, open } = await linksIn({
    lstatSync: (path) => {
      const stats = systemCalls.lstatSync(path);
      return stats?.isSymbolicLink() === true ? ownedBy(stats, linkOwner) : stats;
    },
    fstatSync: (descriptor) => ownedBy(systemCalls.fstatSync(descriptor), 7),
  });
  writeFileSync(`${outside}/file`, 'content', { mode });
  link(`${outside}/file`);
  expect((await open()) !== undefined).toBe(opened);
});

test('nothing more is read once the file was written to, or closed', async () => {
  const { outside, link, open } = await linksIn();
  writeFileSync(`${outside}/file`, 'content');
  link(`${outside}/file`);
  const [changed, closed] = [await open(), await open()];
  await closed?.close();
  await expect(closed?.readInto(Buffer.alloc(1), 0)).rejects.toMatchObject({ failure: 'unavailable' });
  appendFileSync(`${outside}/file`, ', and a secret');
  await expect(changed?.readInto(Buffer.alloc(20), 0)).rejects.toMatchObject({ failure: 'unavailable' });
  expect(changed?.isUnchanged()).toBe(false);
});
