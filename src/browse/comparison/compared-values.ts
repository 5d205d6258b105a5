// Named values of two images, such as labels: those that differ.

export interface ValueDifference {
  readonly name: string;
  /** Absent: it is not there. Cut where it is long. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface ComparedValues {
  /** Of the names; the first of them. */
  readonly differences: readonly ValueDifference[];
  readonly omitted: number;
  /** How many are the same. */
  readonly same: number;
}

const mostListed = 500;
const longestValue = 4_096;
const longestName = 512;

export function compareValues(from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): ComparedValues {
  const names = [...new Set([...from.keys(), ...to.keys()])];
  const different = names.filter((name) => from.get(name) !== to.get(name));
  return {
    differences: different.slice(0, mostListed).map((name) => ({
      name: cut(name, longestName),
      from: cutIfThere(from.get(name)),
      to: cutIfThere(to.get(name)),
    })),
    omitted: Math.max(0, different.length - mostListed),
    same: names.length - different.length,
  };
}

function cutIfThere(value: string | undefined): string | undefined {
  return value === undefined ? undefined : cut(value, longestValue);
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}
