// When a layout is reconciled by itself: once it is quiet, never under the hands of another tool, and no longer than the server lives.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { QuietReconcile } from '../../../../src/layout/changes/quiet-reconcile.ts';
import type { Reconciled } from '../../../../src/layout/changes/reconciled.ts';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import type { RepositoryName } from '../../../../src/oci/reference.ts';
import { openFilesystemStore } from '../../../../src/storage/filesystem/filesystem-store.ts';
import { RecordedLog } from '../../../support/registry-under-test.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const change = {
  kind: 'listed-child',
  digest: `sha256:${'a'.repeat(64)}`,
  subject: undefined,
  why: 'a test',
} as Reconciled;

async function quiet(reconcile: () => Promise<readonly Reconciled[]>, afterMs = 20) {
  const root = await temporaryDirectory();
  const directory = join(root, 'app');
  mkdirSync(directory);
  const log = new RecordedLog();
  const store = await openFilesystemStore(root, { log });
  const keys = layoutKeys('app' as RepositoryName);
  return { directory, log, quiet: new QuietReconcile({ store, keys, log, name: 'app', reconcile, afterMs }) };
}

describe('after a change', () => {
  it('it is done once, however many changes there were, and says what it did', async () => {
    const reconcile = vi.fn(async () => [change]);
    const { quiet: watched, log } = await quiet(reconcile);
    for (let times = 0; times < 5; times += 1) watched.changed();
    await vi.waitFor(() => expect(log.lines).toHaveLength(1), { timeout: 60_000 });
    expect(reconcile).toHaveBeenCalledTimes(1);
    expect(log.lines[0]?.details).toMatchObject({ layout: 'app', changes: [change] });
    watched.changed();
    await vi.waitFor(() => expect(reconcile).toHaveBeenCalledTimes(2), { timeout: 60_000 });
    await watched.close();
  });

  it('nothing to do is not told, and a failure does not keep it from the next change', async () => {
    const reconcile = vi.fn(async (): Promise<readonly Reconciled[]> => []);
    reconcile.mockRejectedValueOnce(new Error('broken'));
    const { quiet: watched, log } = await quiet(reconcile);
    watched.changed();
    await vi.waitFor(() => expect(log.lines).toHaveLength(1), { timeout: 60_000 });
    watched.changed();
    await vi.waitFor(() => expect(reconcile).toHaveBeenCalledTimes(2), { timeout: 60_000 });
    await watched.close();
    expect(log.lines).toHaveLength(1);
  });

  it.each(['index.json.lock', 'oci-put-blob123', '.umoci-1', 'index.json.0.tmp'])(
    'it waits until %s is gone',
    async (name) => {
      const reconcile = vi.fn(async () => [change]);
      const { quiet: watched, directory, log } = await quiet(reconcile, 5);
      writeFileSync(join(directory, name), '');
      watched.changed();
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(reconcile).not.toHaveBeenCalled();
      rmSync(join(directory, name));
      await vi.waitFor(() => expect(log.lines).toHaveLength(1), { timeout: 60_000 });
      await watched.close();
    },
  );
});

describe('a server that closes', () => {
  it('does not wait for another tool, nor reconcile any more', async () => {
    const reconcile = vi.fn(async () => [change]);
    const { quiet: watched, directory } = await quiet(reconcile, 40);
    writeFileSync(join(directory, 'index.json.lock'), '');
    watched.changed();
    await new Promise((resolve) => setTimeout(resolve, 60));
    // Far longer than a test may take: the wait has to end with the server.
    const closed = watched.close();
    rmSync(join(directory, 'index.json.lock'));
    await closed;
    watched.changed();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(reconcile).not.toHaveBeenCalled();
  });

  it('lets one that runs finish', async () => {
    let finish: (changes: readonly Reconciled[]) => void = () => {};
    const reconcile = vi.fn(() => new Promise<readonly Reconciled[]>((resolve) => (finish = resolve)));
    const { quiet: watched, log } = await quiet(reconcile);
    watched.changed();
    await vi.waitFor(() => expect(reconcile).toHaveBeenCalled(), { timeout: 60_000 });
    const closed = watched.close();
    finish([change]);
    await closed;
    expect(log.lines).toHaveLength(1);
  });
});
