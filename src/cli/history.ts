// Shows what the tags of a repository meant over time.
import type { Settings } from '../config/schema.ts';
import type { TagMove, TagTarget } from '../layout/history/tag-move.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { Tag } from '../oci/reference.ts';
import { openRemote } from '../remote/open-remote.ts';
import type { TagEvent } from '../remote/tag-history.ts';
import { type OpenOptions, remoteOptions } from '../transfer/open-source.ts';
import { parseSourceReference, type RemoteReference, WrongReferenceError } from '../transfer/source-reference.ts';
import { surroundingsOnDisk } from '../transfer/surroundings-on-disk.ts';
import { exitCodes } from './failure.ts';
import { openNamedRepository } from './named-repository.ts';
import { textTable } from './output-table.ts';
import { jsonDocument, shownDigest, terminalColumns } from './output-text.ts';

export interface HistoryOptions {
  readonly open: OpenOptions;
  readonly settings: Settings;
  readonly json: boolean;
  /** Short digests. */
  readonly truncated: boolean;
}

/** A move as it is shown; `how` is what a registry elsewhere says. */
type ShownMove = Pick<TagMove, 'tag' | 'atMs' | 'from' | 'to'> & { readonly how: string };

/** Returns the exit code. Throws what failureOf and sourceFailureOf explain. */
export async function history(ref: string, options: HistoryOptions): Promise<number> {
  const { json, truncated } = options;
  const { repository, moves } = await movesOf(ref, options);
  const shown = moves.toReversed();
  process.stdout.write(json ? jsonOf(repository, shown) : tableOf(shown, truncated, terminalColumns(process.stdout)));
  if (moves.length > 0) return 0;
  process.stderr.write(`moorage: no move of ${ref} is known\n`);
  return exitCodes.failure;
}

interface KnownMoves {
  readonly repository: string;
  /** The oldest first. */
  readonly moves: readonly ShownMove[];
}

async function movesOf(ref: string, { open, settings }: HistoryOptions): Promise<KnownMoves> {
  const parsed = parseSourceReference(ref, surroundingsOnDisk(open));
  if (parsed.reference !== undefined && parsed.reference.kind !== 'tag') {
    throw new WrongReferenceError('a digest never moves: write NAME for all tags, or NAME:TAG');
  }
  const tag = parsed.reference?.tag;
  if (parsed.kind === 'remote') return remoteMoves(ref, parsed, tag, open);
  const { root, environment } = open;
  const { registry, repository, shown } = await openNamedRepository(parsed, {
    root,
    environment,
    settings,
    readOnly: true,
  });
  try {
    const { moves } = await repository.history.of(tag);
    return { repository: shown, moves };
  } finally {
    await registry.close();
  }
}

/** Tags that are gone can only be asked for one by one. */
async function remoteMoves(
  ref: string,
  parsed: RemoteReference,
  tag: Tag | undefined,
  open: OpenOptions,
): Promise<KnownMoves> {
  const { host, name } = parsed;
  if (name === undefined) throw new WrongReferenceError(`"${ref}" names no repository: write HOST/NAME`);
  const registry = openRemote(host, remoteOptions(parsed, open));
  try {
    const moves: ShownMove[] = [];
    for (const each of tag === undefined ? await registry.tags(name) : [tag]) {
      const events = await registry.tagHistory(name, each);
      if (events === undefined) {
        throw new RegistryError('UNSUPPORTED', { message: `the registry ${host} does not tell the history of tags` });
      }
      moves.push(...movesAmong(each, events));
    }
    return { repository: `${host}/${name}`, moves: moves.sort((one, other) => one.atMs - other.atMs) };
  } finally {
    await registry.close();
  }
}

/** `events` are the newest first, and say what was before by what comes after them. */
function movesAmong(tag: Tag, events: readonly TagEvent[]): readonly ShownMove[] {
  let before: TagTarget | undefined;
  return events.toReversed().map(({ target, atMs, isDeleted, how }) => {
    const from = isDeleted ? target : before;
    before = isDeleted ? undefined : target;
    return { tag, atMs, how, from, to: before };
  });
}

const header = ['TIME', 'TAG', 'HOW', 'DIGEST', 'WAS'];
const none = '-';

function tableOf(moves: readonly ShownMove[], truncated: boolean, columns: number | undefined): string {
  if (moves.length === 0) return '';
  const shown = (target: TagTarget | undefined) =>
    target === undefined ? none : shownDigest(target.digest, truncated);
  const rows = moves.map(({ atMs, tag, how, from, to }) => [timeOf(atMs), tag, how, shown(to), shown(from)]);
  return textTable(header, rows, { columns: truncated ? columns : undefined, flexible: [1] });
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** The form that `moorage history --help` describes. */
function jsonOf(repository: string, moves: readonly ShownMove[]): string {
  return jsonDocument({
    repository,
    moves: moves.map(({ tag, atMs, how, from, to }) => ({
      time: new Date(atMs).toISOString(),
      tag,
      how,
      ...to,
      was: from,
    })),
  });
}
