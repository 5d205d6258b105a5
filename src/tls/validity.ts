// From when until when certificates hold, and what an operator should be told of that.
import type { X509Certificate } from 'node:crypto';

/** In milliseconds since 1970. */
export interface Lifetime {
  readonly fromMs: number;
  readonly untilMs: number;
}

export type LifetimeState = 'valid' | 'ends-soon' | 'expired' | 'not-yet-valid';

const dayMs = 24 * 60 * 60 * 1000;
const soonMs = 14 * dayMs;

/** Of several that hold only together. */
export function lifetimeOf(certificates: readonly X509Certificate[]): Lifetime {
  return {
    fromMs: Math.max(...certificates.map(({ validFrom }) => Date.parse(validFrom))),
    untilMs: Math.min(...certificates.map(({ validTo }) => Date.parse(validTo))),
  };
}

export function stateAt({ fromMs, untilMs }: Lifetime, nowMs: number): LifetimeState {
  if (nowMs < fromMs) return 'not-yet-valid';
  if (nowMs > untilMs) return 'expired';
  return untilMs - nowMs < soonMs ? 'ends-soon' : 'valid';
}

export function holdsAt(lifetime: Lifetime, nowMs: number): boolean {
  const state = stateAt(lifetime, nowMs);
  return state === 'valid' || state === 'ends-soon';
}

/** What to say of a certificate that is served; undefined while there is nothing to say. */
export function noticeAt(lifetime: Lifetime, nowMs: number): string | undefined {
  const { fromMs, untilMs } = lifetime;
  switch (stateAt(lifetime, nowMs)) {
    case 'valid':
      return undefined;
    case 'ends-soon':
      return `the certificate expires on ${dateOf(untilMs)}; replace it before that`;
    case 'expired':
      return `the certificate expired on ${dateOf(untilMs)}, and clients will refuse it; replace it, or set the clock of this machine`;
    case 'not-yet-valid':
      return `the certificate is not valid before ${dateOf(fromMs)}, and clients may refuse it; is the clock of this machine right?`;
  }
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ').concat(' UTC');
}
