// Reads everything of what was named, tells what is wrong, and with --repair mends it.

import type { Settings } from '../config/schema.ts';
import { openMounts } from '../mounts/open-mounts.ts';
import { pathKindIfAny } from '../mounts/path-kind.ts';
import { userCacheDirectory } from '../mounts/work-directory.ts';
import { rulesForCommand } from '../registry/layout-rules.ts';
import { silentLog } from '../storage/log.ts';
import { openMountsToRead } from '../transfer/mounts-to-read.ts';
import { type OpenOptions, openSource } from '../transfer/open-source.ts';
import { SourceError } from '../transfer/source-error.ts';
import { parseSourceReference, WrongReferenceError } from '../transfer/source-reference.ts';
import { surroundingsOnDisk } from '../transfer/surroundings-on-disk.ts';
import { GoodSource } from '../verification/good-source.ts';
import type { Verification } from '../verification/verification.ts';
import { type RepairRequest, verify as verifyTarget } from '../verification/verify.ts';
import type { VerifyTarget } from '../verification/verify-target.ts';
import { exitCodes } from './failure.ts';
import { summaryOf } from './findings-text.ts';
import { journalPlace } from './journal-place.ts';
import { parseMeant } from './meant-place.ts';
import { terminalColumns } from './output-text.ts';
import { progressOn } from './progress-lines.ts';
import type { ShownProgress } from './progress-output.ts';
import { verifyJson, verifyText } from './verify-text.ts';

export interface VerifyCommandOptions {
  readonly open: OpenOptions;
  readonly settings: Settings;
  readonly json: boolean;
  readonly repair: boolean;
  /** `--from`: where good copies are looked for as well. */
  readonly from: string | undefined;
}

/** Returns the exit code. Throws what failureOf and sourceFailureOf explain. */
export async function verify(what: readonly string[], options: VerifyCommandOptions): Promise<number> {
  const { open, from, json, repair } = options;
  if (from !== undefined && !repair) throw new WrongReferenceError('--from is where --repair looks for good copies');
  if (repair && open.sharedBlobs !== undefined) {
    throw new WrongReferenceError(
      '--repair changes single layouts, and blobs that several share are not its to change',
    );
  }
  // All of them are understood before the first is read.
  const targets = what.length === 0 ? [everything] : what.map((text) => targetOf(text, options));
  const source =
    from === undefined ? undefined : new GoodSource(await openSource(from, { ...open, isRootGiven: false }));
  const progress = progressFor(process.stderr);
  const found: Verification[] = [];
  try {
    await source?.assertThere();
    for (const target of targets) found.push(await verified(target, { source, progress, options }));
  } finally {
    progress?.end();
    await source?.close();
  }
  const verification = together(found);
  const shown = what.length === 0 ? open.root : what.join(', ');
  process.stdout.write(json ? verifyJson(shown, verification) : verifyText(verification));
  return isAllWell(verification) ? 0 : exitCodes.failure;
}

const everything: VerifyTarget = { path: undefined, within: undefined, reference: undefined };

function targetOf(text: string, { open, repair }: VerifyCommandOptions): VerifyTarget {
  const parsed = repair ? parseMeant(text, open) : parseSourceReference(text, surroundingsOnDisk(open));
  if (parsed.kind === 'remote') {
    const detail = 'verify reads files; "moorage inspect --verify" looks at a registry';
    throw new WrongReferenceError(`"${text}" is a registry: ${detail}`);
  }
  if (parsed.kind === 'root') return { path: undefined, within: parsed.name, reference: parsed.reference };
  const { path, within, reference } = parsed;
  const kind = pathKindIfAny(path);
  if (kind === 'absent') throw new SourceError(`there is no layout, archive or directory of layouts at ${path}`);
  if (kind === 'archive') return { path, within, reference };
  // What lies in the directory of a registry belongs to it: its pool, its journals and its locks.
  const place = journalPlace(path);
  const names = [place.within, within].filter((each) => each !== undefined && each !== '');
  return { path: place.root, within: names.length === 0 ? undefined : names.join('/'), reference };
}

interface Verifying {
  readonly source: GoodSource | undefined;
  readonly progress: ShownProgress | undefined;
  readonly options: VerifyCommandOptions;
}

async function verified(target: VerifyTarget, { source, progress, options }: Verifying): Promise<Verification> {
  const { open, settings, repair } = options;
  const { root, environment, rules, sharedBlobs, log } = open;
  const { path } = target;
  if (path === undefined && pathKindIfAny(root) === 'absent') {
    throw new SourceError(`there is no ${root} here; name what to verify: moorage verify PATH, or --root DIR`);
  }
  const what = { paths: path === undefined ? [] : [path], root: path === undefined ? root : undefined };
  const quiet = { ...silentLog, slow: log.slow };
  const request: RepairRequest = {
    source,
    openToWrite: () =>
      openMounts({
        ...what,
        readOnly: false,
        onlyLayouts: true,
        // Where nothing is to be mended nothing is left.
        ownFiles: 'with-first-write',
        cacheDirectory: userCacheDirectory(environment),
        fileMode: settings.storage.fileMode,
        directoryMode: settings.storage.directoryMode,
        minFree: settings.storage.minFree,
        links: rulesForCommand(rules).links,
        log,
      }),
  };
  return verifyTarget({
    ...{ target, rules, progress, where: path ?? root, now: Date.now },
    openToRead: () => openMountsToRead({ ...what, environment, links: rules.links, sharedBlobs, log: quiet }),
    repair: repair ? request : undefined,
  });
}

function together(found: readonly Verification[]): Verification {
  return {
    parts: found.flatMap(({ parts }) => parts),
    repairs: found.flatMap(({ repairs }) => repairs),
    totals: {
      files: found.reduce((sum, { totals }) => sum + totals.files, 0),
      bytes: found.reduce((sum, { totals }) => sum + totals.bytes, 0),
    },
  };
}

function isAllWell({ parts, repairs }: Verification): boolean {
  const { errors, warnings } = summaryOf(parts);
  return errors + warnings === 0 && repairs.every(({ outcome }) => outcome === 'mended');
}

/** Whoever waits at a terminal while everything is read sees how much is left. */
function progressFor(stderr: NodeJS.WriteStream): ShownProgress | undefined {
  const columns = terminalColumns(stderr);
  if (columns === undefined) return undefined;
  return progressOn({ columns, write: (text) => void stderr.write(text), now: () => performance.now() });
}
