// What a rollback of a tag goes back to. Pure: decided by the history of the tag and by what it means now.
import { encodedOf } from '../../oci/digest.ts';
import type { TagHistory } from './history-reader.ts';
import type { TagTarget } from './tag-move.ts';

/** What an operator asked for; undefined: what the tag meant before. */
export type RollbackPoint =
  | { readonly kind: 'digest'; readonly begins: string }
  | { readonly kind: 'time'; readonly atMs: number }
  | undefined;

/** A refusal is for an operator. */
export type RollbackTarget = { readonly target: TagTarget } | { readonly refusal: string };

export function rollbackTarget(
  { moves, known }: TagHistory,
  current: Pick<TagTarget, 'digest'> | undefined,
  point: RollbackPoint,
): RollbackTarget {
  const targets = [...known.map(({ is }) => is), ...moves.flatMap(({ from, to }) => [from, to])];
  const meant = targets.filter((target) => target !== undefined);
  if (meant.length === 0) return { refusal: 'no move of it is known' };
  if (point === undefined) return before(moves, current);
  if (point.kind === 'digest') return byDigest(meant, point.begins);
  return asOf({ moves, known }, point.atMs);
}

/** The last one that is another one: a rollback that is made twice is undone. A tag that is gone comes back as it was last. */
function before(moves: TagHistory['moves'], current: Pick<TagTarget, 'digest'> | undefined): RollbackTarget {
  const target = moves.toReversed().find(({ from }) => from !== undefined && from.digest !== current?.digest)?.from;
  return target === undefined ? { refusal: 'it is not known to have meant anything else' } : { target };
}

function byDigest(meant: readonly TagTarget[], begins: string): RollbackTarget {
  const isMeant = ({ digest }: TagTarget) => digest.startsWith(begins) || encodedOf(digest).startsWith(begins);
  const found = new Map(meant.filter(isMeant).map((each) => [each.digest, each]));
  const [target] = found.values();
  if (target === undefined) return { refusal: `it is not known to have meant ${begins}` };
  if (found.size === 1) return { target };
  return { refusal: `it meant ${found.size} manifests whose digests begin with ${begins}: write more of it` };
}

/** The last move that was made by then decides, whatever the times of earlier ones are. */
function asOf({ moves, known }: TagHistory, atMs: number): RollbackTarget {
  const then = moves.findLastIndex((move) => move.atMs <= atMs);
  const first = known.find(({ sinceMs }) => sinceMs <= atMs)?.is;
  const target = then < 0 ? first : moves[then]?.to;
  if (target !== undefined) return { target };
  const when = new Date(atMs).toISOString();
  if (then >= 0) return { refusal: `there was no such tag at ${when}` };
  const oldest = moves[0] ?? known[0];
  const beginMs = oldest === undefined ? atMs : 'atMs' in oldest ? oldest.atMs : oldest.sinceMs;
  return { refusal: `what it meant at ${when} is not known: its history begins at ${new Date(beginMs).toISOString()}` };
}
