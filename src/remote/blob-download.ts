// The bytes of a blob, from any offset; a connection that is lost in the middle is taken up where it broke off.
import type { DescriptorReference } from '../oci/descriptor.ts';
import type { HttpAnswer } from './http-answer.ts';
import type { Question, RegistryClient } from './registry-client.ts';
import { RemoteError, TransientError } from './remote-error.ts';
import { pauseAfter } from './retrying.ts';

/** So much must arrive before the tries are counted from the beginning again. */
const progressBytes = 1024 * 1024;

/** Exactly the bytes from `from` up to the descriptor's size, unless it throws. */
export async function* downloadBlob(
  client: RegistryClient,
  question: Question,
  { size, digest }: DescriptorReference,
  from: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { host } = client.address;
  let at = from;
  let tries = 0;
  let failedAt = from;
  while (at < size) {
    try {
      for await (const chunk of bytesFrom(client, question, at)) {
        at += chunk.byteLength;
        if (at > size) throw new RemoteError(host, `it sent more than the ${size} bytes of ${digest}`);
        yield chunk;
      }
      if (at < size) throw new TransientError(new RemoteError(host, `it sent ${at} of the ${size} bytes of ${digest}`));
    } catch (error) {
      tries = at - failedAt >= progressBytes ? 1 : tries + 1;
      failedAt = at;
      await pauseAfter(client.policy, error, tries);
    }
  }
}

async function* bytesFrom(client: RegistryClient, question: Question, at: number): AsyncGenerator<Uint8Array> {
  const headers: Record<string, string> = at === 0 ? {} : { range: `bytes=${at}-` };
  const answer = await client.ask({ ...question, headers });
  if (answer.status === 200) yield* skipping(answer.chunks(), at);
  else if (answer.status === 206 && startOf(answer) === at) yield* answer.chunks();
  else if (answer.status === 206 || answer.status === 416) {
    await answer.discard();
    throw new RemoteError(client.address.host, `it has no bytes from ${at} on of ${question.sought}`);
  } else throw await client.refusal(answer, question);
}

function startOf(answer: HttpAnswer): number | undefined {
  const [, start] = /^bytes (\d+)-/.exec(answer.headers.get('content-range') ?? '') ?? [];
  return start === undefined ? undefined : Number(start);
}

/** For registries that do not know ranges. */
async function* skipping(chunks: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of chunks) {
    const skipped = Math.min(left, chunk.byteLength);
    left -= skipped;
    if (skipped < chunk.byteLength) yield skipped === 0 ? chunk : chunk.subarray(skipped);
  }
}
