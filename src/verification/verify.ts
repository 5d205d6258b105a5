// Verifies what was named, and where that is wanted mends it and looks again: what is told then is what is left.

import { HashedByMount } from '../inspection/hashed-files.ts';
import type { LayoutPrefix } from '../layout/files/keys.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { layoutPrefixes } from '../registry/layout-prefixes.ts';
import { type LayoutRules, rulesForReading } from '../registry/layout-rules.ts';
import { Registry } from '../registry/registry.ts';
import { silentLog } from '../storage/log.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { BlobProgress } from '../transfer/progress.ts';
import { SourceError } from '../transfer/source-error.ts';
import type { SearchedMount } from './good-copies.ts';
import type { GoodSource } from './good-source.ts';
import { Repairs } from './repair.ts';
import type { Repair, Verification } from './verification.ts';
import { type Verified, verifyMounts } from './verify-mounts.ts';
import type { VerifyTarget } from './verify-target.ts';

export interface VerifyOptions {
  readonly target: VerifyTarget;
  /** What the target lies in, for messages. */
  readonly where: string;
  readonly rules: LayoutRules;
  readonly openToRead: () => Promise<readonly OpenedMount[]>;
  /** The time of day, in milliseconds. */
  readonly now: () => number;
  /** Undefined: nothing is repaired, and nothing written. */
  readonly repair: RepairRequest | undefined;
  /** Undefined: nobody watches. */
  readonly progress: BlobProgress | undefined;
}

export interface RepairRequest {
  readonly openToWrite: () => Promise<readonly OpenedMount[]>;
  readonly source: GoodSource | undefined;
}

/** Throws SourceError for what is not there, and what opening throws. */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { target, where, repair } = options;
  const hashed = new HashedByMount(true, silentLog);
  try {
    const found = await look(options, hashed);
    assertFound(found, target, where);
    const repairs = repair === undefined ? [] : await mend(found, repair);
    const isChanged = repairs.some(({ outcome }) => outcome !== 'kept');
    const { parts } = isChanged ? await look({ ...options, progress: undefined }, hashed) : found;
    return { parts, repairs, totals: hashed.totals };
  } finally {
    await hashed.close();
  }
}

async function look(
  { openToRead, rules, target, now, progress }: VerifyOptions,
  hashed: HashedByMount,
): Promise<Verified> {
  const mounts = await openToRead();
  const registry = new Registry({ mounts, log: silentLog, rules: rulesForReading(rules) });
  try {
    return await verifyMounts({ mounts, registry, rules, target, now, hashed, progress });
  } finally {
    await registry.close();
  }
}

async function mend(
  { damaged, unmarked }: Verified,
  { openToWrite, source }: RepairRequest,
): Promise<readonly Repair[]> {
  const isDamaged = damaged.length + unmarked.length > 0;
  const mounts = await (isDamaged ? openToWrite() : openToWrite().catch(unlessRefused));
  try {
    const searched: SearchedMount[] = [];
    for (const mount of mounts) {
      const prefixes: LayoutPrefix[] = [];
      for await (const prefix of layoutPrefixes(mount.reader)) prefixes.push(prefix);
      searched.push({ mount, prefixes });
    }
    const repairs = new Repairs({ mounts: searched, source });
    const unsettled = await repairs.settle();
    if (!isDamaged) return unsettled;
    return [...unsettled, ...(await repairs.mark(unmarked)), ...(await repairs.mend(damaged))];
  } finally {
    for (const { reader } of mounts) await reader.close();
  }
}

/** What cannot be written to was not repaired before. */
function unlessRefused(error: unknown): readonly OpenedMount[] {
  if (error instanceof StorageError) return [];
  throw error;
}

function assertFound({ isFound, parts }: Verified, { within, reference }: VerifyTarget, where: string): void {
  // Where something could not be looked at, that is what is told.
  if (isFound || parts.length > 0) return;
  if (reference !== undefined) {
    const text = reference.kind === 'tag' ? `tag "${reference.tag}"` : 'such digest';
    throw new SourceError(`there is no ${text} in ${within ?? where}`);
  }
  if (within !== undefined) throw new SourceError(`there is no repository "${within}" in ${where}`);
  throw new SourceError(`there is no layout in ${where}`);
}
