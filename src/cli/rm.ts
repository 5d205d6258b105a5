// Removes what was named, on this machine or in a registry, and says what went.
import type { Settings } from '../config/schema.ts';
import { RegistryError } from '../oci/error-code.ts';
import { printableText } from '../oci/printable-text.ts';
import type { OpenOptions } from '../transfer/open-source.ts';
import { SourceError } from '../transfer/source-error.ts';
import { type SourceReference, WrongReferenceError } from '../transfer/source-reference.ts';
import { CommandError, exitCodes } from './failure.ts';
import { parseMeant } from './meant-place.ts';
import { jsonDocument, shownDigest } from './output-text.ts';
import { removeLocally } from './rm-local.ts';
import type { RemovedItem, RmOptions } from './rm-options.ts';
import { removeRemotely } from './rm-remote.ts';

interface Problem {
  readonly reference: string;
  readonly problem: string;
}

/** Returns the exit code. Throws what failureOf and sourceFailureOf explain. */
export async function rm(refs: readonly string[], options: RmOptions): Promise<number> {
  const { all, dryRun, json, open, settings } = options;
  // All of them are understood before the first is removed.
  const meant = refs.map((ref) => [ref, parsedFor(ref, all, open)] as const);
  const removed: RemovedItem[] = [];
  const problems: Problem[] = [];
  let isLocal = false;
  for (const [ref, parsed] of meant) {
    const tell = (each: RemovedItem) => {
      removed.push(each);
      if (!json) process.stdout.write(`${lineOf(each, dryRun)}\n`);
    };
    try {
      if (parsed.kind === 'remote') await removeRemotely(parsed, options, tell);
      else {
        isLocal = true;
        await removeLocally(parsed, options, tell);
      }
    } catch (error) {
      if (!isExplained(error)) throw error;
      problems.push({ reference: ref, problem: error.message });
      process.stderr.write(`moorage: ${printableText(`${ref}: ${error.message}`, 500)}\n`);
    }
  }
  if (json) process.stdout.write(jsonDocument({ dryRun, removed, problems }));
  else if (dryRun && removed.length > 0 && isLocal) process.stdout.write(`${dryRunNote}\n`);
  else if (isLocal) for (const note of spaceNotes(removed, settings.untagged)) process.stdout.write(`${note}\n`);
  return problems.length > 0 ? exitCodes.failure : 0;
}

const dryRunNote = 'dry run: nothing was removed';

/** When the space comes back, which a tag alone does not free. */
function spaceNotes(removed: readonly RemovedItem[], untagged: Settings['untagged']): readonly string[] {
  const notes: string[] = [];
  const until = untagged === 'keep' ? 'removes it' : 'removes it at once, the setting untagged later';
  if (removed.some(({ tag }) => tag !== undefined))
    notes.push(`the manifest of a tag stays, without that name: moorage rm NAME@DIGEST ${until}`);
  if (removed.some(({ tag }) => tag === undefined))
    notes.push(
      'the space comes back with moorage gc, once gc.grace is over; until then moorage rollback brings tags back',
    );
  return notes;
}

function parsedFor(ref: string, all: boolean, open: OpenOptions): SourceReference {
  const parsed = parseMeant(ref, open);
  if (parsed.kind === 'remote' && parsed.name === undefined) {
    throw new WrongReferenceError(`"${ref}" names no repository: write HOST/NAME:TAG`);
  }
  if (all && parsed.reference !== undefined) {
    throw new WrongReferenceError(`--all removes whole repositories: write "${ref}" without its tag or digest`);
  }
  if (!all && parsed.reference === undefined) {
    throw new WrongReferenceError(`"${ref}" names a repository: write NAME:TAG, NAME@DIGEST, or --all for all of it`);
  }
  return parsed;
}

/** What keeps one of them from being removed is no reason to leave the others. */
function isExplained(error: unknown): error is Error {
  return error instanceof RegistryError || error instanceof CommandError || error instanceof SourceError;
}

function lineOf({ repository, tag, digest, tags = [] }: RemovedItem, dryRun: boolean): string {
  const verb = dryRun ? 'would remove' : 'removed';
  const short = digest === undefined ? '' : shownDigest(digest, true);
  if (tag !== undefined) return `${verb} ${repository}:${tag}${short === '' ? '' : ` (${short})`}`;
  return `${verb} ${repository}@${short}${tags.length === 0 ? '' : `, with ${tags.join(', ')}`}`;
}
