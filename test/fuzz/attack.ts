// One request that is sent, and what may become of it.
import type { Answer } from './connection.ts';
import { markOf, mayDo, outsideMark, repositories } from './site.ts';

export interface Attack {
  readonly bytes: Buffer;
  readonly isHead: boolean;
  /** What it asks for and for whom, where that is beyond doubt; undefined where the bytes may mean anything. */
  readonly meant: Meant | undefined;
  /** Who could be meant by what it shows, at most: nobody else's content may come back. */
  readonly shownBy: string | undefined;
}

export interface Meant {
  readonly user: string | undefined;
  readonly action: 'pull' | 'push' | 'delete';
  readonly repository: string;
  /** False where it holds something that may be refused for another reason: an odd header, a wrong token. */
  readonly mustBeLetIn: boolean;
}

/** Refusals that a server may well answer to nonsense, and that mean nothing else: a transfer coding or a version that it does not know. */
const allowedAbove500: ReadonlySet<number> = new Set([501, 505]);

/** What is wrong with the answer; undefined when nothing is. */
export function violationOf({ meant, shownBy }: Attack, { status, head, body }: Answer): string | undefined {
  if (status === 0) return `no HTTP: ${head.slice(0, 100)}`;
  if (status >= 500 && !allowedAbove500.has(status)) return `status ${status}: ${body.toString('utf8', 0, 300)}`;
  const leak = leakIn(`${head}\n${body.toString('latin1')}`, shownBy);
  if (leak !== undefined) return leak;
  if (meant === undefined) return undefined;
  const { user, action, repository, mustBeLetIn } = meant;
  const isAllowed = mayDo(user, action, repository);
  const whose = `${action} in ${repository} for ${user ?? 'anybody'}`;
  if (!isAllowed && status < 400) return `${status}: let in without a right to ${whose}`;
  const isQuota = body.includes('quota');
  if (isAllowed && mustBeLetIn && (status === 401 || (status === 403 && !isQuota)))
    return `${status}: refused a right to ${whose}`;
  return undefined;
}

function leakIn(text: string, user: string | undefined): string | undefined {
  if (text.includes(outsideMark)) return 'an answer has what lies outside of the root';
  if (/planted-password/.test(text)) return 'an answer has a password';
  if (/\n\s+at .*\.(?:js|ts):\d+/.test(text)) return 'an answer has a trace';
  const leaked = repositories.find((name) => text.includes(markOf(name)) && !mayDo(user, 'pull', name));
  return leaked === undefined ? undefined : `an answer to ${user ?? 'anybody'} has content of ${leaked}`;
}
