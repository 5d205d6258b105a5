// Fetches a small document from an issuer: in time, of bounded size, and from nowhere else than was asked.

export interface FetchedText {
  readonly text: string;
  /** When the other side says it was, in milliseconds since 1970; undefined where it does not say. */
  readonly dateMs: number | undefined;
}

const timeoutMs = 5_000;

/** Throws an Error whose message says what is wrong. */
export async function fetchText(url: string, maxBytes: number): Promise<FetchedText> {
  const answer = await fetch(url, {
    headers: { accept: 'application/json' },
    // A redirect would lead to whoever can make the issuer's host answer one.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause: unknown) => {
    throw new Error(`${url} cannot be reached${whyNot(cause)}`, { cause });
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`${url} answers ${answer.status}`);
  }
  const dateMs = Date.parse(answer.headers.get('date') ?? '');
  return { text: await boundedText(answer, url, maxBytes), dateMs: Number.isNaN(dateMs) ? undefined : dateMs };
}

async function boundedText(answer: Response, url: string, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of answer.body ?? []) {
      length += chunk.byteLength;
      if (length > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new Error(`${url} broke off`, { cause });
  }
  if (length > maxBytes) throw new Error(`${url} answers with more than ${maxBytes} bytes`);
  return Buffer.concat(chunks).toString('utf8');
}

/** fetch itself says only that it failed. */
function whyNot(error: unknown): string {
  const { name, cause } = error as { readonly name?: unknown; readonly cause?: unknown };
  if (name === 'TimeoutError') return `: no answer within ${timeoutMs / 1_000} s`;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? `: ${code}` : '';
}
