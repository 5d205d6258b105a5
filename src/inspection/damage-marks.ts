// What an inspection found damaged is told to the server of the directory, which may know nothing of it: the bytes of a file can rot while its
// attributes stay. Kept where a server of the directory reads it, also one that has kept nothing yet, and for whoever reads it with this cache.
import { BlobLedger, keptBlobFacts } from '../layout/blobs/blob-ledger.ts';
import type { FactsPlace } from '../layout/files/kept-lines.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { ownFacts } from '../mounts/own-facts.ts';
import type { Log } from '../storage/log.ts';
import type { DamagedBlob } from './findings/inspected-layout.ts';

export async function markDamaged(mount: OpenedMount, damaged: readonly DamagedBlob[], log: Log): Promise<void> {
  if (damaged.length === 0) return;
  if (mount.facts !== undefined) await markIn(mount.facts, damaged, log);
  const own = await ownFacts(mount, log);
  if (own === undefined) return;
  try {
    await markIn(own, damaged, log);
  } finally {
    await own.store.close();
  }
}

async function markIn(place: FactsPlace, damaged: readonly DamagedBlob[], log: Log): Promise<void> {
  const ledger = new BlobLedger(keptBlobFacts(place, { log }));
  for (const { digest, info } of damaged) ledger.setDamaged(digest, info);
  await ledger.flush();
}
