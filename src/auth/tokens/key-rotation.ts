// Which of several keys signs, when a new one is due, and which have served their time: decided by the clock alone, so that all
// processes of a root decide the same.
import type { SigningKey } from './signing-key.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const signsForMs = 30 * dayMs;
/** After a new key is there, until the file of an old one goes: longer than any token, and than it takes others to see the new one. */
const verifiesForMs = hourMs;
/** One that is made by a clock so far ahead would otherwise sign until that day has come. */
const mostAheadMs = dayMs;

/** When one was due that all make without asking each other. */
export function lastDueMs(nowMs: number): number {
  return Math.floor(nowMs / signsForMs) * signsForMs;
}

export interface KeyPlan {
  /** The youngest; undefined where a new one must be made first. */
  readonly signing: SigningKey | undefined;
  readonly isNewDue: boolean;
  /** No token of theirs can be valid any more. */
  readonly over: readonly SigningKey[];
}

export function planOf(keys: Iterable<SigningKey>, nowMs: number): KeyPlan {
  const all = [...keys];
  const [signing] = all.filter(({ createdAtMs }) => createdAtMs <= nowMs + mostAheadMs).sort(youngestFirst);
  if (signing === undefined) return { signing, isNewDue: true, over: [] };
  const isSettled = signing.createdAtMs + verifiesForMs < nowMs;
  return {
    signing,
    isNewDue: signing.createdAtMs + signsForMs < nowMs,
    over: isSettled ? all.filter((key) => key !== signing) : [],
  };
}

function youngestFirst(one: SigningKey, other: SigningKey): number {
  return other.createdAtMs - one.createdAtMs || (one.kid < other.kid ? 1 : -1);
}
