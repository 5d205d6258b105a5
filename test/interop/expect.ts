// The few assertions the scenarios need, with messages that say what was seen.

/** A check that did not see what it has to see. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

export function expectEqual<T>(seen: T, wanted: T, what: string): void {
  if (seen !== wanted) throw new Unexpected(`${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`);
}

export function expectIncludes<T>(seen: readonly T[], wanted: T, what: string): void {
  if (!seen.includes(wanted)) {
    throw new Unexpected(`${what}: ${JSON.stringify(wanted)} is not among ${JSON.stringify(seen)}`);
  }
}

export function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Unexpected(what);
}

/** Nothing of `wanted` may be missing from `seen`; the message names how many and the first few. */
export function expectNoneLost(seen: Iterable<string>, wanted: readonly string[], where: string): void {
  const there = new Set(seen);
  const lost = wanted.filter((name) => !there.has(name));
  if (lost.length > 0) {
    throw new Unexpected(`${lost.length} of ${wanted.length} lost ${where}: ${lost.slice(0, 5).join(', ')}`);
  }
}
