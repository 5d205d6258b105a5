// Sends one message to an endpoint, and waits for its answer: no longer than it may take, and without looking at what it says.
import { isError } from '../oci/is-error.ts';
import type { EventEndpoint } from './endpoint.ts';
import type { EventMessage } from './message.ts';
import type { DeliveryAttempt } from './next-step.ts';

/** How a message is sent; tests have others. */
export type Deliver = (endpoint: EventEndpoint, message: EventMessage, signal: AbortSignal) => Promise<DeliveryAttempt>;

/** Redirects are not followed: the signature is for whoever the operator named. */
export const deliverByHttp: Deliver = async ({ url, timeoutMs }, { headers, body }, signal) => {
  const tooLate = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, tooLate]),
    });
    await response.body?.cancel();
    return { kind: 'answered', status: response.status, retryAfterMs: retryAfterMs(response.headers) };
  } catch (error) {
    if (tooLate.aborted) return { kind: 'failed', why: `it does not answer within ${timeoutMs / 1000} s` };
    return { kind: 'failed', why: reasonOf(error) };
  }
};

/** Seconds alone (RFC 9110, 10.2.3): a date is by a clock that nobody here knows. */
function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('retry-after') ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}

/** fetch says no more than that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  if (!isError(error)) return String(error);
  const { cause } = error;
  if (!isError(cause)) return error.message;
  const { code } = cause as { readonly code?: unknown };
  if (cause.message !== '') return cause.message;
  return typeof code === 'string' ? code : error.message;
}
