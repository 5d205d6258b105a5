// What may be put back: what came lately, as far as it is remembered.
import { describe, expect, it } from 'vitest';
import { ReceivedBlobs } from '../../../../src/layout/blobs/received-blobs.ts';
import { healPolicy } from '../../../../src/layout/healing/heal-policy.ts';
import { digestOf } from '../../../../src/oci/digest.ts';

const digest = (name: string) => digestOf(Buffer.from(name));
const [a, b] = [digest('a'), digest('b')];

function receivedAt() {
  const clock = {
    nowMs: 0,
    now: () => clock.nowMs,
    elapsed: () => clock.nowMs,
    uptime: () => ({ boot: '', ms: clock.nowMs }),
  };
  return { clock, received: new ReceivedBlobs(clock, healPolicy.windowMs) };
}

describe('received blobs', () => {
  it('are remembered until they are deleted', () => {
    const { received } = receivedAt();
    received.add(a);
    received.add(b);
    expect(received.digests()).toEqual([a, b]);
    received.delete(a);
    expect([received.has(a), received.has(b)]).toEqual([false, true]);
  });

  it('are forgotten an hour after they last came', () => {
    const { received, clock } = receivedAt();
    received.add(a);
    received.add(b);
    clock.nowMs = 3_000_000;
    received.add(a);
    clock.nowMs = 3_600_001;
    expect(received.digests()).toEqual([a]);
    clock.nowMs = 6_600_001;
    expect(received.has(a)).toBe(false);
  });

  it('are at most ten thousand: the oldest go first', () => {
    const { received } = receivedAt();
    for (let at = 0; at <= 10_000; at += 1) received.add(digest(`${at}`));
    expect(received.digests()).toHaveLength(10_000);
    expect(received.has(digest('0'))).toBe(false);
    expect(received.has(digest('1'))).toBe(true);
  });
});
