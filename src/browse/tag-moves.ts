// What a tag meant over time, the newest first.
import type { MoveHow } from '../layout/history/tag-move.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import { isoTimeOf } from './iso-time.ts';

export interface ListedMove {
  readonly at?: string | undefined;
  readonly how: MoveHow;
  /** Undefined: there was no such tag. */
  readonly from?: string | undefined;
  /** Undefined: the tag is gone. */
  readonly to?: string | undefined;
}

const mostMoves = 200;

/** Empty where nothing is known. */
export async function listTagMoves(registry: Registry, name: RepositoryName, tag: Tag): Promise<readonly ListedMove[]> {
  const { history } = await registry.repository(name);
  const { moves } = await history.of(tag);
  const newest = moves.slice(-mostMoves).reverse();
  return newest.map(({ atMs, how, from, to }) => ({ at: isoTimeOf(atMs), how, from: from?.digest, to: to?.digest }));
}
