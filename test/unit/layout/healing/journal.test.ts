// The journal as several processes use it: what is acknowledged is told from what was only announced, by records alone.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge } from '../../../../src/layout/healing/foreign-edits.ts';
import { healPolicy } from '../../../../src/layout/healing/heal-policy.ts';
import type { Journal } from '../../../../src/layout/healing/journal.ts';
import { newJournalBudget } from '../../../../src/layout/healing/journal-budget.ts';
import { checkJournal } from '../../../../src/layout/healing/journal-check.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { openFilesystemStore } from '../../../../src/storage/filesystem/filesystem-store.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { ObjectStore } from '../../../../src/storage/object-store.ts';
import { entry } from '../../../support/foreign-tools.ts';
import { key, label, Servers, tagged, versionsOf } from '../../../support/journal-servers.ts';
import { silentLog } from '../../../support/silent-log.ts';

describe('what a file shows', () => {
  it('is adopted while nothing is known', async () => {
    const journal = new Servers().start();
    await journal.load();
    expect(journal.shows(label('v1'))).toBe(false);
    expect(await journal.recall(label('v1'))).toBeUndefined();
  });

  it('is known to every process after the first commit, with all that was there before', async () => {
    const servers = new Servers();
    await servers.commit(servers.start(), 'v1', 'v0', { base: [tagged('a'), tagged('b')] });
    const other = servers.start();
    await other.load();
    expect(other.shows(label('v1'))).toBe(true);
    const past = await other.recall(label('v1'));
    expect([...(past?.start.values() ?? [])]).toEqual([tagged('a'), tagged('b')]);
    expect(past?.versions.map((version) => version.label)).toEqual(['v0', 'v1']);
    expect(past?.versions[1]?.added).toEqual([tagged('v1')]);
  });

  it('is what was acknowledged, when a crash came between the record and the rename', async () => {
    const servers = new Servers();
    const crashed = servers.start();
    await servers.commit(crashed, 'v1', 'v0');
    await servers.announce(crashed, 'v2', 'v1');
    const restarted = servers.start();
    await restarted.load();
    expect(restarted.shows(label('v1'))).toBe(true);
    expect(await versionsOf(restarted, 'v1')).toEqual(['v0', 'v1']);
  });

  it('goes on from the version that the file shows after such a crash', async () => {
    const servers = new Servers();
    const crashed = servers.start();
    await servers.commit(crashed, 'v1', 'v0');
    await servers.announce(crashed, 'v2', 'v1');
    const restarted = servers.start();
    await servers.commit(restarted, 'v3', 'v1');
    expect(await versionsOf(servers.start(), 'v3')).toEqual(['v0', 'v1', 'v3']);
  });

  it('includes the last record of another process when a foreign version covers it', async () => {
    const servers = new Servers();
    await servers.commit(servers.start(), 'v1', 'v0');
    expect(await versionsOf(servers.start(), 'foreign')).toEqual(['v0', 'v1']);
  });

  it('leaves out a version whose update ran again', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.commit(journal, 'v1', 'v0');
    await servers.announce(journal, 'v2', 'v1');
    await servers.announce(journal, 'v2again', 'v1');
    journal.published(label('v2again'));
    expect(await versionsOf(servers.start(), 'foreign')).toEqual(['v0', 'v1', 'v2again']);
  });

  it('leaves out each version of an update that ran again and again', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.commit(journal, 'v1', 'v0');
    await servers.announce(journal, 'v2', 'v1');
    await servers.announce(journal, 'v2again', 'v1');
    expect(await versionsOf(journal, 'foreign')).toEqual(['v0', 'v1']);
  });

  it('leaves out a version that was not published because somebody else wrote first, in every process', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.commit(journal, 'v1', 'v0');
    await servers.announce(journal, 'v2', 'v1');
    await servers.see(journal, 'foreign', [tagged('v1'), tagged('n')]);
    expect(await versionsOf(journal, 'foreign')).toEqual(['v0', 'v1', 'foreign']);
    expect(await versionsOf(servers.start(), 'foreign')).toEqual(['v0', 'v1', 'foreign']);
    expect(await versionsOf(servers.start(), 'another')).toEqual(['v0', 'v1', 'foreign']);
  });

  it('is what this process published, also before its update returned', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.announce(journal, 'v1', 'v0');
    await journal.load();
    expect(journal.shows(label('v1'))).toBe(true);
    await servers.announce(journal, 'v2', 'v1');
    expect(await versionsOf(servers.start(), 'foreign')).toEqual(['v0', 'v1', 'v2']);
  });

  it('is not what was acknowledged when an older file was put back', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.commit(journal, 'v1', 'v0');
    await servers.commit(journal, 'v2', 'v1');
    expect(journal.shows(label('v1'))).toBe(false);
    expect(await versionsOf(journal, 'v1')).toEqual(['v0', 'v1', 'v2']);
    const other = servers.start();
    await other.load();
    expect(other.shows(label('v0'))).toBe(false);
  });
});

describe('two holders of the lock', () => {
  it('the one that was overtaken knows what it published', async () => {
    const servers = new Servers();
    const [one, other] = [servers.start(), servers.start()];
    await servers.commit(one, 'v1', 'v0');
    await servers.announce(one, 'mine', 'v1');
    await servers.announce(other, 'theirs', 'v1');
    one.published(label('mine'));
    other.published(label('theirs'));
    await Promise.all([one.load(), other.load()]);
    expect(other.shows(label('theirs'))).toBe(true);
    expect(one.shows(label('theirs'))).toBe(false);
    const past = await one.recall(label('theirs'));
    expect(past?.branches).toEqual([{ base: 1, delta: { added: [tagged('mine')], removed: [] } }]);
    const file = {
      entries: [tagged('v1'), tagged('theirs')],
      arrived: 'rename',
      modifiedAtMs: 0,
      seenAtMs: 0,
    } as const;
    expect(past && judge(past, file).heal.added).toEqual([tagged('mine')]);
  });

  it('is healed once the next version builds on both', async () => {
    const servers = new Servers();
    const [one, other] = [servers.start(), servers.start()];
    await servers.commit(one, 'v1', 'v0');
    await servers.announce(one, 'mine', 'v1');
    await servers.commit(other, 'theirs', 'v1');
    one.published(label('mine'));
    await servers.commit(one, 'both', 'theirs', { added: [tagged('mine')] });
    expect(one.shows(label('both'))).toBe(true);
  });
});

describe('foreign versions', () => {
  it('owe what was lost until a version of ours builds on them (rule 5)', async () => {
    const servers = new Servers();
    const journal = servers.start();
    for (const at of [1, 2, 3, 4]) await servers.commit(journal, `v${at}`, `v${at - 1}`);
    const stale = [tagged('v1'), entry('N', { tag: 'n' })];
    await servers.see(journal, 'foreign', stale);
    const restarted = servers.start();
    await restarted.load();
    expect(restarted.shows(label('foreign'))).toBe(false);
    const past = await restarted.recall(label('foreign'));
    expect(past?.owed.added.map((each) => each.key)).toEqual(['v2', 'v3', 'v4'].map((tag) => tagged(tag).key));
    await servers.commit(restarted, 'healed', 'foreign', { added: past?.owed.added ?? [] });
    expect(restarted.shows(label('healed'))).toBe(true);
  });

  it('that were adopted are what is acknowledged from then on', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.commit(journal, 'v1', 'v0');
    await servers.see(journal, 'foreign', [tagged('v1'), tagged('n')]);
    await journal.load();
    expect(journal.shows(label('foreign'))).toBe(true);
  });

  it('owe no untagged twin of an entry that is listed (rule 1)', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.commit(journal, 'v1', 'v0', { added: [tagged('v1'), entry('V1')] });
    const judgement = await servers.see(journal, 'foreign', [tagged('v1')]);
    expect(judgement.heal.added).toEqual([entry('V1')]);
    await journal.load();
    expect(journal.shows(label('foreign'))).toBe(true);
  });
});

describe('the file of the journal', () => {
  it('is read on from where it was read to', async () => {
    const servers = new Servers();
    const reads: number[] = [];
    const reader = servers.start(counting(servers.store, reads));
    const writer = servers.start();
    await servers.commit(writer, 'v1', 'v0', { base: Array.from({ length: 500 }, (_, at) => tagged(`t${at}`)) });
    await reader.load();
    const first = reads.splice(0).reduce((sum, count) => sum + count);
    await reader.load();
    expect(reads).toEqual([]);
    await servers.commit(writer, 'v2', 'v1');
    await reader.load();
    expect(reader.shows(label('v2'))).toBe(true);
    expect(first).toBeGreaterThan(100_000);
    expect(reads.reduce((sum, count) => sum + count)).toBeLessThan(2_000);
  });

  it('begins anew with an index.json that was removed', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.commit(journal, 'v1', undefined);
    await servers.commit(journal, 'v2', 'v1');
    await servers.commit(journal, 'v3', undefined);
    expect(journal.shows(label('v3'))).toBe(true);
    for (const reader of [journal, servers.start()]) expect(await versionsOf(reader, 'v3')).toEqual([undefined, 'v3']);
  });

  it('works on files as in memory', async ({ onTestFinished }) => {
    const root = await mkdtemp(join(tmpdir(), 'moorage-journal-'));
    onTestFinished(() => rm(root, { recursive: true }));
    const servers = new Servers(await openFilesystemStore(root, { log: silentLog }));
    onTestFinished(() => servers.store.close());
    const [one, other] = [servers.start(), servers.start()];
    await servers.commit(one, 'v1', 'v0', { manifests: [[digestOf(Buffer.from('{}')), Buffer.from('{}')]] });
    await servers.commit(other, 'v2', 'v1');
    await one.load();
    expect(one.shows(label('v2'))).toBe(true);
    expect(await other.manifestBytes(digestOf(Buffer.from('{}')))).toEqual(Buffer.from('{}'));
    await servers.store.delete(key);
    await one.load();
    expect(await one.recall(label('v2'))).toBeUndefined();
  });

  it('survives a record that a crash cut short', async () => {
    const servers = new Servers();
    await servers.commit(servers.start(), 'v1', 'v0');
    await servers.store.append(key, Buffer.from('\n{"author":"commit","base":"v1","lab'));
    const restarted = servers.start();
    await servers.commit(restarted, 'v2', 'v1');
    expect(await versionsOf(servers.start(), 'v2')).toEqual(['v0', 'v1', 'v2']);
  });

  it('is read again when it was removed, and starts again with the next commit', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.commit(journal, 'v1', 'v0');
    await servers.store.delete(key);
    await journal.load();
    expect(journal.shows(label('v1'))).toBe(false);
    await servers.commit(journal, 'v2', 'v1', { base: [tagged('v1')] });
    expect(await versionsOf(servers.start(), 'v2')).toEqual(['v1', 'v2']);
  });

  it.each([
    ['its snapshot', '"entries":[[', '"entries":[{{'],
    ['its header', '{"journal":"', '{"jour\0\0":"'],
  ])('starts again from what the file shows when %s is damaged', async (_, from, to) => {
    const servers = new Servers();
    await servers.commit(servers.start(), 'v1', 'v0', { base: [tagged('a')] });
    const bytes = (await servers.store.read(key, 1_000_000))?.bytes ?? new Uint8Array();
    await servers.store.write(key, Buffer.from(Buffer.from(bytes).toString('latin1').replace(from, to), 'latin1'));
    const restarted = servers.start();
    await restarted.load();
    await restarted.recall(label('foreign'));
    await servers.commit(restarted, 'v2', 'foreign', { base: [tagged('a'), tagged('b')] });
    expect(await versionsOf(servers.start(), 'v2')).toEqual(['foreign', 'v2']);
  });
});

describe('a long journal', () => {
  /** More than is read at once, and more versions than stay in memory. */
  const many = 5_000;

  async function filled(servers: Servers, journal: Journal): Promise<void> {
    await servers.commit(journal, 'v1', 'v0', { base: [tagged('a')] });
    for (let at = 2; at <= many; at += 1) {
      const added = [entry(`${at}`.padEnd(200, '.'), { tag: `t${at}` })];
      const manifests = [[digestOf(Buffer.from(`{"n":${at}}`)), Buffer.from(`{"n":${at}}`)] as const];
      await servers.commit(journal, `v${at}`, `v${at - 1}`, { added, manifests });
    }
  }

  it('costs a push no more than its end, and has all of it when a foreign file is judged', async () => {
    const servers = new Servers();
    await filled(servers, servers.start());
    const reads: number[] = [];
    const other = servers.start(counting(servers.store, reads));
    await other.load();
    expect(other.shows(label(`v${many}`))).toBe(true);
    const size = (await servers.store.stat(key))?.size ?? 0;
    expect(size).toBeGreaterThan(2_500_000);
    expect(reads.reduce((sum, count) => sum + count)).toBeLessThan(1_200_000);
    await servers.commit(other, 'next', `v${many}`);
    expect((await versionsOf(other, 'foreign'))?.length).toBe(many + 2);
    expect((await other.recall(label('foreign')))?.start.size).toBe(1);
    // Long after, it is light again.
    servers.nowMs += 60_000;
    await other.load();
    expect(await versionsOf(other, 'v17')).toHaveLength(many + 2);
  });

  it('takes a bounded part of the memory, and gives even that back for other repositories', async () => {
    const budget = newJournalBudget(3_000_000);
    const servers = new Servers(new MemoryStore(), budget);
    const journal = servers.start();
    await filled(servers, journal);
    expect(budget.calculatedSize).toBeLessThan(3_000_000);
    expect(budget.get(journal)).toBeGreaterThan(1_000_000);
    for (let at = 0; at < 2_000; at += 1) budget.set({ release: () => {} }, 2_000);
    expect(budget.has(journal)).toBe(false);
    // Right after, and before it is read again, nothing is taken for unknown: a push must not begin a new history.
    await servers.announce(journal, 'next', `v${many}`);
    journal.published(label('next'));
    expect((await versionsOf(servers.start(), 'next'))?.length).toBe(many + 2);
    await journal.load();
    expect(journal.shows(label('next'))).toBe(true);
  });

  it('is not begun again by a record after its memory was given back', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await servers.commit(journal, 'v1', 'v0');
    await servers.announce(journal, 'v2', 'v1', { beforeRecord: () => journal.release() });
    journal.published(label('v2'));
    expect(await checkJournal(servers.store, key)).toEqual({ hasHeader: true, damagedLines: 0 });
    expect(await versionsOf(servers.start(), 'v2')).toEqual(['v0', 'v1', 'v2']);
  });

  it('counts towards the bound also where it is larger than that, until another one is asked for', async () => {
    const budget = newJournalBudget(100_000);
    const servers = new Servers(new MemoryStore(), budget);
    const journal = servers.start();
    await filled(servers, journal);
    expect(budget.has(journal)).toBe(true);
    budget.set({ release: () => {} }, 1);
    expect(budget.has(journal)).toBe(false);
  });

  it('gives all its manifests, whatever is given back or appended meanwhile', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await filled(servers, journal);
    let count = 0;
    for await (const { bytes } of journal.manifests()) {
      count += bytes.byteLength > 0 ? 1 : 0;
      if (count === 10) journal.release();
      if (count === 20) await journal.load();
    }
    expect(count).toBe(many - 1);
  });

  it('still has the bytes of its first manifests', async () => {
    const servers = new Servers();
    const journal = servers.start();
    await filled(servers, journal);
    const first = Buffer.from('{"n":2}');
    expect(await journal.manifestBytes(digestOf(first))).toEqual(first);
    expect(await servers.start().manifestBytes(digestOf(first))).toEqual(first);
    expect(await servers.start().manifestBytes(digestOf(Buffer.from('never')))).toBeUndefined();
  });

  it('with a line that is longer than all that is read at first is read all the same', async () => {
    const servers = new Servers();
    const base = Array.from({ length: 5_000 }, (_, at) => entry(`${at}`, { tag: `t${at}` }));
    await servers.commit(servers.start(), 'v1', 'v0', { base });
    const added = Array.from({ length: 5_000 }, (_, at) => entry(`${at} `, { tag: `s${at}` }));
    await servers.commit(servers.start(), 'v2', 'v1', { added });
    const other = servers.start();
    await other.load();
    expect((await other.recall(label('foreign')))?.start.size).toBe(5_000);
    await servers.commit(other, 'v3', 'v2');
    expect(await versionsOf(servers.start(), 'v3')).toEqual(['v0', 'v1', 'v2', 'v3']);
  });
});

describe('manifests', () => {
  const bytes = Buffer.from('{"schemaVersion":2}');

  it('are kept when they are small, each once', async () => {
    const servers = new Servers();
    const journal = servers.start();
    const large = Buffer.alloc(healPolicy.manifestLimitBytes + 1);
    const manifests = [[digestOf(bytes), bytes] as const, [digestOf(large), large] as const];
    await servers.commit(journal, 'v1', 'v0', { manifests });
    await servers.commit(journal, 'v2', 'v1', { manifests });
    const other = servers.start();
    expect(await other.manifestBytes(digestOf(bytes))).toEqual(bytes);
    expect(await other.manifestBytes(digestOf(large))).toBeUndefined();
    const text = Buffer.from((await servers.store.read(key, 1_000_000))?.bytes ?? []).toString();
    expect(text.split(bytes.toString('base64'))).toHaveLength(2);
  });

  it('whose bytes are damaged are not given back', async () => {
    const servers = new Servers();
    await servers.commit(servers.start(), 'v1', 'v0', {
      manifests: [[digestOf(bytes), Buffer.from('{"schemaVersion":1}')]],
    });
    expect(await servers.start().manifestBytes(digestOf(bytes))).toBeUndefined();
  });
});

/** Counts the bytes that are read. */
function counting(store: ObjectStore, reads: number[]): ObjectStore {
  const open: ObjectStore['open'] = async (at) => {
    const object = await store.open(at);
    if (object === undefined) return undefined;
    return {
      info: object.info,
      fileDescriptor: undefined,
      inMemory: undefined,
      readInto: async (buffer, offset) => {
        const count = await object.readInto(buffer, offset);
        reads.push(count);
        return count;
      },
      close: () => object.close(),
    };
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'open') return open;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
