// What looks wrong beside somebody who writes is looked at again: a manifest that is deleted, or a file that is written in place, is half of
// both for a moment, and nothing of that is damage.
import { setTimeout as sleep } from 'node:timers/promises';
import type { InspectedPart } from '../inspection/inspection.ts';
import { type LayoutPrefix, layoutKeys } from '../layout/files/keys.ts';
import { digestAlgorithms } from '../oci/digest.ts';
import type { ObjectReader } from '../storage/object-store.ts';

export interface Look {
  /** Undefined where what is looked for is not there. */
  readonly part: InspectedPart | undefined;
}

export interface LookedAtPlace {
  readonly reader: ObjectReader;
  readonly prefix: LayoutPrefix;
  /** The time of day, in milliseconds. */
  readonly now: () => number;
}

const mostLooks = 5;
/** Whoever wrote within so long may be in the middle of it. */
const quietMs = 5_000;
const pauseMs = 500;

/** The first look that finds nothing wrong, or the first with nobody writing; the last one where somebody writes all the time. */
export async function lookUntilSteady<Looked extends Look>(
  look: (isFirst: boolean) => Promise<Looked>,
  place: LookedAtPlace,
): Promise<Looked> {
  for (let count = 1; ; count += 1) {
    const before = await stateOf(place);
    const looked = await look(count === 1);
    if (!hasWrong(looked) || count === mostLooks) return looked;
    const after = await stateOf(place);
    const isQuiet = count > 1 || place.now() - after.changedAtMs > quietMs;
    if (before.text === after.text && isQuiet) return looked;
    await sleep(pauseMs);
  }
}

function hasWrong({ part }: Look): boolean {
  return (
    part === undefined ||
    part.findings.some(({ findings: [first] }) => first !== undefined && first.severity !== 'note')
  );
}

/** What every writer changes: index.json, and the directories that files come to and go from. */
async function stateOf({
  reader,
  prefix,
}: LookedAtPlace): Promise<{ readonly text: string; readonly changedAtMs: number }> {
  const keys = layoutKeys(prefix);
  const index = await reader.stat(keys.index);
  const directories = [keys.directory, ...digestAlgorithms.map((algorithm) => keys.blobs(algorithm))];
  const changes = await Promise.all(directories.map((directory) => reader.prefixChangedAtMs(directory)));
  const times = [index?.changedAtMs, ...changes];
  return { text: [index?.version, ...changes].join(' '), changedAtMs: Math.max(...times.map((each) => each ?? 0)) };
}
