// How long a worker may be silent.
import { expect, it } from 'vitest';
import { aliveEveryMs } from '../../../src/workers/messages.ts';
import { mostSilentBeats } from '../../../src/workers/silence.ts';

it('a worker that answers may stand still for seconds, one that loads for minutes', () => {
  expect(mostSilentBeats({ hasBegun: true }) * aliveEveryMs).toBeLessThanOrEqual(30_000);
  expect(mostSilentBeats({ hasBegun: false }) * aliveEveryMs).toBeGreaterThanOrEqual(120_000);
});
