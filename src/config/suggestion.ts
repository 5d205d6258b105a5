// "Did you mean": the known word nearest to a mistyped one.

/** What somebody began to write and no more is no mistake of letters. */
const fewestLetters = 4;

/** The only one of `known` that begins so; else the nearest within a third of its length in edits; undefined when nothing is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const begun = known.filter((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase()));
  const letters = word.length - (word.lastIndexOf('.') + 1);
  if (begun.length === 1 && letters >= fewestLetters) return begun[0];
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance <= Math.max(2, Math.floor(candidate.length / 3))) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The only one of `known` that has the last part of `word` for its own: what was written in another place than its own. */
export function elsewhere(word: string, known: readonly string[], separator: string): string | undefined {
  const last = (path: string) => path.slice(path.lastIndexOf(separator) + 1).toLowerCase();
  const found = known.filter((candidate) => last(candidate) === last(word));
  return found.length === 1 ? found[0] : undefined;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let line = 1; line <= left.length; line++) {
    const next = [line];
    for (let column = 1; column <= right.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (left[line - 1] === right[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
