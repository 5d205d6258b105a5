// What is wrong with an archive that is served all the same, as far as it goes: for the log when it is opened, and for whoever looks at
// it later.
import type { Log } from '../log.ts';
import type { IgnoredMember } from './tar-contents.ts';
import type { TarScan } from './tar-scan.ts';

export type ArchiveProblem =
  /** Only what is before that byte is served. */
  | { readonly kind: 'damaged'; readonly at: number; readonly reason: string }
  /** It has no end mark. */
  | { readonly kind: 'cut-off' }
  /** So many members are not served; the first of them. */
  | { readonly kind: 'members-refused'; readonly count: number; readonly first: readonly IgnoredMember[] };

export function archiveProblems({ contents, damage, hasEnd }: TarScan): readonly ArchiveProblem[] {
  const { ignoredCount: count, ignored: first } = contents;
  return [
    ...(damage === undefined ? [] : [{ kind: 'damaged', ...damage } as const]),
    ...(damage === undefined && !hasEnd ? [{ kind: 'cut-off' } as const] : []),
    ...(count === 0 ? [] : [{ kind: 'members-refused', count, first } as const]),
  ];
}

const messages: Readonly<Record<ArchiveProblem['kind'], string>> = {
  damaged: 'an archive is damaged: only what is before the damage is served',
  'cut-off': 'an archive has no end mark: it may have been cut off',
  'members-refused': 'members of an archive are not served',
};

export function logProblem(path: string, problem: ArchiveProblem, log: Log): void {
  log.warn(messages[problem.kind], { path, ...detailsOf(problem) });
}

function detailsOf(problem: ArchiveProblem): object {
  if (problem.kind === 'damaged') return { at: problem.at, reason: problem.reason };
  if (problem.kind === 'cut-off') return {};
  return { count: problem.count, examples: problem.first.slice(0, 5).map(({ name, reason }) => `${name}: ${reason}`) };
}
