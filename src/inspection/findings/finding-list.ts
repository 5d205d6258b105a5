// Findings as they come, bounded: of each code so many are kept, and the rest is counted.
import { type Finding, type FindingCode, type FindingSubject, findingOf } from './finding.ts';

const keptOfEachCode = 20;

/** Findings of one code: what they have in common is in each. */
export interface FindingGroup {
  readonly code: FindingCode;
  readonly findings: readonly Finding[];
  /** So many more there are. */
  readonly omitted: number;
}

interface Group {
  readonly findings: Finding[];
  count: number;
}

const order = { error: 0, warning: 1, note: 2 } as const;
const longestText = 300;

export class FindingList {
  readonly #kept: number;
  readonly #groups = new Map<FindingCode, Group>();

  constructor(kept = keptOfEachCode) {
    this.#kept = kept;
  }

  add(code: FindingCode, subject: FindingSubject): void {
    const group = this.#groups.get(code) ?? { findings: [], count: 0 };
    this.#groups.set(code, group);
    group.count += 1;
    if (group.findings.length < this.#kept) group.findings.push(findingOf(code, shortened(subject)));
  }

  /** So many more of a code that was added: they count, and nothing else is known of them. */
  addUnseen(code: FindingCode, count: number): void {
    const group = this.#groups.get(code);
    if (group !== undefined) group.count += count;
  }

  has(code: FindingCode): boolean {
    return this.#groups.has(code);
  }

  /** The worst first; those of one severity in the order in which they were found. */
  groups(): readonly FindingGroup[] {
    return [...this.#groups]
      .map(([code, { findings, count }]) => ({ code, findings, omitted: count - findings.length }))
      .sort((one, other) => rankOf(one) - rankOf(other));
  }
}

function rankOf({ findings }: FindingGroup): number {
  const [first] = findings;
  return first === undefined ? order.note : order[first.severity];
}

/** A name of a stranger may be megabytes long; a slice of it would keep all of it in memory. */
function shortened({ name, digest, path, detail, ...rest }: FindingSubject): FindingSubject {
  return { ...rest, name: short(name), digest: short(digest), path: short(path), detail: short(detail) };
}

function short(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= longestText) return text;
  return `${Buffer.from(text.slice(0, longestText)).toString()}...`;
}
