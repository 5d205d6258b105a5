// Tries again what may succeed later, a bounded number of times, with growing pauses or those that the registry asks for.
import { TransientError } from './remote-error.ts';

export interface RetryPolicy {
  /** Tries in all. */
  readonly attempts: number;
  /** The first pause; each further one is twice as long. */
  readonly backoffMs: number;
  /** A registry that wants longer pauses is given up. */
  readonly longestPauseMs: number;
  pause(ms: number): Promise<void>;
  /** Between 0 and 1: clients that failed together should not return together. */
  random(): number;
}

/** Throws the failure within the last TransientError; any other error at once. */
export async function retrying<Result>(policy: RetryPolicy, attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      await pauseAfter(policy, error, tries);
    }
  }
}

/** Waits before the next try, or throws when there is none. */
export async function pauseAfter(policy: RetryPolicy, error: unknown, tries: number): Promise<void> {
  if (!(error instanceof TransientError)) throw error;
  const backoff = policy.backoffMs * 2 ** (tries - 1) * (0.5 + policy.random() / 2);
  const pause = Math.max(error.retryAfterMs ?? 0, backoff);
  if (tries >= policy.attempts || pause > policy.longestPauseMs) throw error.failure;
  await policy.pause(pause);
}

/** Milliseconds of a Retry-After header: seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
