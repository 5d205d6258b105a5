// A look through the blobs of every layout at the start, so that the first client that asks for referrers need not wait for it.
import type { Log } from '../storage/log.ts';
import type { NamedLayout } from './named-layout.ts';

/** Nobody waits for it: the first client that asks for referrers finds out what is wrong. */
export async function scanLayouts(layouts: AsyncIterable<NamedLayout>, log: Log): Promise<void> {
  try {
    for await (const { name, layout } of layouts) {
      await layout.scan().catch((error: unknown) => {
        log.warn('a layout could not be scanned for referrers', { layout: name, error });
      });
    }
  } catch (error) {
    log.warn('the layouts could not be listed', { error });
  }
}
