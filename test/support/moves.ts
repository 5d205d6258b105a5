// What a repository says that its tags did, in short: `v1 push -> a`, by the names of manifests that a test gives.
import type { TagMove } from '../../src/layout/history/tag-move.ts';
import { parseTag } from '../../src/oci/reference.ts';
import type { Repository } from '../../src/registry/repository.ts';
import type { Content } from './content.ts';

export async function movesOf(
  { history }: Repository,
  named: Readonly<Record<string, Content>>,
  tag?: string,
): Promise<readonly string[]> {
  const { moves } = await history.of(tag === undefined ? undefined : parseTag(tag));
  const names = new Map(Object.entries(named).map(([name, { digest }]) => [digest, name]));
  const nameOf = (target: TagMove['to']) =>
    target === undefined ? 'none' : (names.get(target.digest) ?? target.digest);
  return moves.map((move) => `${move.tag} ${move.how} ${nameOf(move.from)} -> ${nameOf(move.to)}`);
}
