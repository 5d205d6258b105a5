// However much arrives at once, what is taken of it in one turn of the event loop is bounded, and nobody is left out.
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { appendStream } from '../../../src/storage/append-stream.ts';
import { ArrivalTurns } from '../../../src/storage/arrival-turns.ts';

const mebibyte = 2 ** 20;
const chunkBytes = 64 * 1024;

/** In the turn before. */
async function onlyOne(): Promise<void> {
  await nextTurn();
  new ArrivalTurns().take(1, () => {});
  await nextTurn();
}

describe('what arrives', () => {
  it('is one mebibyte a turn of one alone, and goes on in the next', async () => {
    await onlyOne();
    const turns = new ArrivalTurns();
    for (let round = 0; round < 3; round += 1) {
      let [taken, isCalled] = [chunkBytes, 0];
      while (turns.take(chunkBytes, () => (isCalled += 1))) taken += chunkBytes;
      expect(taken).toBe(mebibyte);
      // What was on its way all the same does not ask for another turn.
      expect(turns.take(chunkBytes, () => (isCalled += 10))).toBe(false);
      expect(isCalled).toBe(0);
      await nextTurn();
      expect(isCalled).toBe(1);
    }
  });

  it('is shared by all who received in the turn before', async () => {
    const all = Array.from({ length: 8 }, () => new ArrivalTurns());
    const takenBy = (turns: ArrivalTurns) => {
      let taken = chunkBytes;
      while (turns.take(chunkBytes, () => {})) taken += chunkBytes;
      return taken;
    };
    for (const each of all) takenBy(each);
    await nextTurn();
    expect(all.map(takenBy)).toEqual(all.map(() => mebibyte / 8));
  });

  it('goes on also where the share became smaller than what was taken of it', async () => {
    await onlyOne();
    const [one, ...others] = Array.from({ length: 8 }, () => new ArrivalTurns());
    expect(one?.take(8 * chunkBytes, () => {})).toBe(true);
    for (const other of others) other.take(chunkBytes, () => {});
    let isCalled = false;
    const goOn = () => {
      isCalled = true;
    };
    expect(one?.take(chunkBytes, goOn)).toBe(false);
    await nextTurn();
    expect(isCalled).toBe(true);
  });

  it('is hashed in short turns, whatever the sources hold', async () => {
    const chunk = Buffer.alloc(chunkBytes);
    const sources = Array.from({ length: 4 }, () => Readable.from(Array.from({ length: 128 }, () => chunk)));
    let [inTurn, most, turns] = [0, 0, 0];
    let isOver = false;
    const count = () => {
      most = Math.max(most, inTurn);
      turns += 1;
      inTurn = 0;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const onChunk = ({ byteLength }: Uint8Array) => {
      inTurn += byteLength;
    };
    const sink = {
      write: async (chunks: readonly Uint8Array[]) => chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
      sync: async () => {},
    };
    const sizes = await Promise.all(sources.map((source) => appendStream(source, sink, 0, { onChunk })));
    isOver = true;
    expect(sizes).toEqual(sources.map(() => 8 * mebibyte));
    // In the first turn nobody knows how many there are; and of each a chunk is on its way when it is told to wait.
    expect(most).toBeLessThanOrEqual(4 * mebibyte);
    expect(turns).toBeGreaterThan(8);
  });
});
