// What becomes of a message after an attempt: delivered, tried again, or given up. Pure.

export type DeliveryAttempt =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterMs: number | undefined }
  /** No answer: refused, cut off, or too late. */
  | { readonly kind: 'failed'; readonly why: string };

export interface Tried {
  /** With this one. */
  readonly attempts: number;
  /** Of what is told, in milliseconds. */
  readonly ageMs: number;
  readonly giveUpAfterMs: number;
}

export type NextStep =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'dead'; readonly why: string }
  /** `pauses`: whatever else is for the endpoint would come to the same. */
  | { readonly kind: 'again'; readonly inMs: number; readonly pauses: boolean; readonly why: string };

const firstWaitMs = 1_000;
const longestWaitMs = 300_000;
/** However old it seems to be: clocks jump, and machines are off for weeks. */
const leastAttempts = 5;

/** `random`: in [0, 1). */
export function nextStep(
  attempt: DeliveryAttempt,
  { attempts, ageMs, giveUpAfterMs }: Tried,
  random: number,
): NextStep {
  if (attempt.kind === 'answered' && attempt.status >= 200 && attempt.status < 300) return { kind: 'delivered' };
  const why = attempt.kind === 'failed' ? attempt.why : `it answers ${attempt.status}`;
  if (attempt.kind === 'answered' && isFinal(attempt.status)) return { kind: 'dead', why };
  const inMs = waitMs(attempts, attempt.kind === 'answered' ? attempt.retryAfterMs : undefined, random);
  if (attempts >= leastAttempts && ageMs + inMs > giveUpAfterMs)
    return { kind: 'dead', why: `${why}, after ${attempts} attempts` };
  return { kind: 'again', inMs, pauses: isOfEndpoint(attempt), why };
}

/** Twice as long each time, by chance between half of it and all: of many servers not all come back at one moment. */
function waitMs(attempts: number, retryAfterMs: number | undefined, random: number): number {
  const most = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(attempts - 1, 30));
  return Math.max(Math.round(most * (0.5 + random / 2)), Math.min(retryAfterMs ?? 0, longestWaitMs));
}

/** The receiver does not want it, or is not there: that does not change by asking again. A redirect is not followed: it may lead anywhere. */
function isFinal(status: number): boolean {
  return status < 500 && ![401, 403, 404, 408, 425, 429].includes(status);
}

/** Nobody is there, or too busy, or does not let us in: as it would be for the next message. Another error may be one of this message. */
export function isOfEndpoint(attempt: DeliveryAttempt): boolean {
  return (
    attempt.kind === 'failed' ||
    (!isFinal(attempt.status) && attempt.status < 500) ||
    [502, 503, 504].includes(attempt.status)
  );
}
