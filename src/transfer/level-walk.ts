// Walks over what a source holds, many requests at a time and level by level: what a bound cuts off, and the order of what is found, do
// not depend on who answers first. What lies in a layout is walked one after the other instead (layout/manifests/manifest-walk.ts),
// and a copy has an order of its own (copy-walk.ts).
import { forEachConcurrently } from './copy-concurrently.ts';

export interface LevelWalk<Node, Found> {
  /** Requests at a time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
  /** Reads one, and says what it leads to. */
  readonly read: (node: Node) => Promise<readonly Found[]>;
  /** Asked in order, after all of a level was read: what is to be read of what was found; undefined when that is nothing. */
  readonly admit: (found: Found, above: Node) => Node | undefined;
}

/** Throws the first failure of `read`, and the reason of `signal`. */
export async function walkLevels<Node, Found>(
  first: readonly Node[],
  { concurrency, signal, read, admit }: LevelWalk<Node, Found>,
): Promise<void> {
  for (let level = first; level.length > 0; ) {
    const below = new Map<Node, readonly Found[]>();
    await forEachConcurrently(level, concurrency, signal, async (node) => {
      below.set(node, await read(node));
    });
    level = level.flatMap((node) => (below.get(node) ?? []).flatMap((found) => admit(found, node) ?? []));
  }
}
