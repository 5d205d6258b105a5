// Empty prefixes below one, removed as far as the rules let them be, with what becomes empty by that.
import type { EmptyPrefixRules, Key, ObjectReader } from '../object-store.ts';
import { isOwnName } from '../own-names.ts';

/** Those that went, innermost first. */
export async function removeBelow(
  reader: Pick<ObjectReader, 'list' | 'prefixChangedAtMs'>,
  drop: (prefix: Key) => void,
  prefix: Key,
  rules: EmptyPrefixRules,
): Promise<readonly Key[]> {
  const removed: Key[] = [];
  const children = await reader.list(prefix);
  const prefixes = new Set(children.filter(({ kind }) => kind === 'prefix').map(({ name }) => name));
  const names = children.map(({ name }) => name);
  for (const name of rules.below(prefix, names)) {
    if (!prefixes.has(name) || isOwnName(name)) continue;
    const child = (prefix === '' ? name : `${prefix}/${name}`) as Key;
    // Before what is in it goes, which is a change as well.
    const changedAtMs = await reader.prefixChangedAtMs(child);
    removed.push(...(await removeBelow(reader, drop, child, rules)));
    const isEmpty = changedAtMs !== undefined && rules.mayGo(changedAtMs) && (await reader.list(child)).length === 0;
    if (!isEmpty) continue;
    drop(child);
    removed.push(child);
  }
  return removed;
}
