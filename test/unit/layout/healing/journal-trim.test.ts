// When the journal drops what nothing is judged by any more, and what it keeps whatever happens meanwhile.
import { describe, expect, it } from 'vitest';
import { healPolicy } from '../../../../src/layout/healing/heal-policy.ts';
import type { Journal } from '../../../../src/layout/healing/journal.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import { StorageError } from '../../../../src/storage/storage-error.ts';
import { entry } from '../../../support/foreign-tools.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { key, label, Servers, versionsOf } from '../../../support/journal-servers.ts';

describe('trimming', () => {
  const content = (at: number) => `${at} `.padEnd(20_000, '.');
  const manifest = (at: number) => Buffer.from(content(at));

  async function pushed(servers: Servers, journal: Journal, count: number): Promise<void> {
    for (let at = 1; at <= count; at += 1) {
      const manifests = [[digestOf(manifest(at)), manifest(at)] as const];
      const added = [entry(content(at), { tag: `v${at}` })];
      await servers.commit(journal, `v${at}`, `v${at - 1}`, { added, manifests });
    }
  }

  it('waits until most of the file is older than the window', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await pushed(servers, journal, 200);
    const before = await servers.store.stat(key);
    servers.nowMs += 1;
    await journal.trim(label('v200'));
    expect((await servers.store.stat(key))?.version).toBe(before?.version);
    expect(before?.size).toBeGreaterThan(healPolicy.journalFloorBytes);
  });

  it('keeps what is acknowledged, the versions of the window and their manifests', async () => {
    const servers = new Servers();
    const [journal, other] = [servers.start(), servers.start()];
    await pushed(servers, journal, 200);
    await other.load();
    servers.nowMs += healPolicy.windowMs + 1;
    // Pushed again within the window: its bytes stand in the old part of the file.
    const again = entry(content(7), { tag: 'again' });
    await servers.commit(journal, 'v201', 'v200', {
      added: [again],
      manifests: [[digestOf(manifest(7)), manifest(7)]],
    });
    await servers.commit(journal, 'v202', 'v201');
    await journal.trim(label('v202'));
    expect((await servers.store.stat(key))?.size).toBeLessThan(200_000);
    // Another process finds the file changed below what it knew.
    expect((await other.recall(label('v202')))?.start.size).toBe(200);
    for (const reader of [journal, other, servers.start()]) {
      expect(await versionsOf(reader, 'v202')).toEqual(['v200', 'v201', 'v202']);
      expect((await reader.recall(label('v202')))?.start.size).toBe(200);
      expect(await reader.manifestBytes(digestOf(manifest(7)))).toEqual(manifest(7));
      expect(await reader.manifestBytes(digestOf(manifest(8)))).toBeUndefined();
    }
  });

  it('refuses nobody anything where there is no room for it', async () => {
    const { store, rightBefore } = interleaving(new MemoryStore());
    const servers = new Servers(store);
    const journal = servers.start();
    await pushed(servers, journal, 200);
    servers.nowMs += healPolicy.windowMs + 1;
    rightBefore('commit', () => {
      throw new StorageError('no-space', 'full');
    });
    await journal.trim(label('v200'));
    await servers.commit(journal, 'v201', 'v200');
    expect(await versionsOf(servers.start(), 'v201')).toHaveLength(202);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'loses nothing when its memory is given back after the %i. time that it reads',
    async (time) => {
      const { store, rightAfter } = interleaving(new MemoryStore());
      const servers = new Servers(store);
      const journal = servers.start();
      await pushed(servers, journal, 200);
      servers.nowMs += healPolicy.windowMs + 1;
      for (const [at, again] of [7, 8].entries()) {
        const added = [entry(content(again), { tag: `again-${again}` })];
        await servers.commit(journal, `v${201 + at}`, `v${200 + at}`, { added });
      }
      const release = (times: number): void =>
        rightAfter('open', () => (times === 1 ? journal.release() : release(times - 1)), key);
      release(time);
      await journal.trim(label('v202'));
      for (const again of [7, 8]) {
        expect(await servers.start().manifestBytes(digestOf(manifest(again)))).toEqual(manifest(again));
      }
      expect((await servers.start().recall(label('v202')))?.versions.at(-1)?.label).toBe('v202');
    },
  );

  it('does not happen while the file shows something else', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await pushed(servers, journal, 200);
    servers.nowMs += healPolicy.windowMs + 1;
    await journal.trim(label('foreign'));
    expect((await servers.store.stat(key))?.size).toBeGreaterThan(healPolicy.journalFloorBytes);
  });
});
