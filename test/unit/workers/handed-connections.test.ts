// Which worker gets a connection, told as node:cluster does it: by messages to a process, with a number that comes back.
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HandedConnections } from '../../../src/workers/handed-connections.ts';

class Handle {
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
}

class FakeProcess extends EventEmitter {
  readonly got: unknown[] = [];
  takesAtOnce = true;
  send = (message: unknown): boolean => {
    this.got.push(message);
    const { seq } = message as { readonly seq?: number };
    if (this.takesAtOnce && seq !== undefined) this.takes(seq);
    return true;
  };

  get connections(): readonly number[] {
    return this.got.flatMap((message) => {
      const { seq } = message as { readonly seq?: number };
      return seq === undefined ? [] : [seq];
    });
  }

  takes(seq: number, accepted = true): void {
    this.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: seq, accepted });
  }
}

function several(count: number, takesAtOnce = true) {
  const handed = new HandedConnections();
  const processes = Array.from({ length: count }, () => new FakeProcess());
  processes.forEach((process, number) => {
    process.takesAtOnce = takesAtOnce;
    handed.watch(number, process as unknown as ChildProcess);
    handed.listens(number);
  });
  let seq = 0;
  /** As node:cluster hands the next one to a process of its choice. */
  const hand = (number: number) => {
    seq += 1;
    const handle = new Handle();
    const send = processes[number]?.send as (...all: readonly unknown[]) => boolean;
    send({ cmd: 'NODE_CLUSTER', act: 'newconn', key: 'k', seq }, handle);
    return { seq, handle };
  };
  const counts = () => processes.map(({ connections }) => connections.length);
  return { handed, processes, hand, counts };
}

describe('a new connection', () => {
  it.each([
    [2, 2, [1, 1]],
    [2, 4, [2, 2]],
    [2, 64, [32, 32]],
    [3, 7, [3, 2, 2]],
  ])(
    'of %i workers and %i connections that come at once, all meant for the first',
    (workers, connections, expected) => {
      const { hand, counts } = several(workers);
      for (let at = 0; at < connections; at += 1) hand(0);
      expect(counts()).toEqual(expected);
    },
  );

  it('goes to whoever is meant where none has fewer', () => {
    const { hand, counts } = several(2);
    hand(1);
    hand(0);
    hand(1);
    expect(counts()).toEqual([1, 2]);
  });

  it('goes to the one whose connections have ended', () => {
    const { handed, hand, counts } = several(2);
    for (let at = 0; at < 6; at += 1) hand(0);
    handed.closed(1, 3);
    for (let at = 0; at < 3; at += 1) hand(0);
    expect(counts()).toEqual([3, 6]);
  });

  it('goes to none that does not listen yet, and to nobody else once all stop', () => {
    const { handed, hand, counts, processes } = several(2);
    const later = new FakeProcess();
    handed.watch(2, later as unknown as ChildProcess);
    for (let at = 0; at < 4; at += 1) hand(0);
    expect(later.connections).toEqual([]);
    handed.stop();
    for (let at = 0; at < 4; at += 1) hand(0);
    expect(counts()).toEqual([6, 2]);
    expect(processes).toHaveLength(2);
  });

  it('that was not taken, since the worker stops, counts for none', () => {
    const { hand, counts, processes } = several(2, false);
    const { seq } = hand(0);
    processes[0]?.takes(seq, false);
    hand(0);
    expect(counts()).toEqual([2, 0]);
  });

  it('that a worker had not taken when it ended goes back to be handed to another, and stays open', () => {
    const { handed, hand, processes } = several(2, false);
    const taken = hand(0);
    const other = hand(0);
    processes[0]?.takes(taken.seq);
    const answers: unknown[] = [];
    processes[0]?.on('internalMessage', (message) => answers.push(message));
    expect(processes[1]?.connections).toEqual([other.seq]);
    handed.gone(1);
    // Told to the process for whom it was meant: node:cluster waits for its answer.
    expect(answers).toEqual([{ cmd: 'NODE_CLUSTER', ack: other.seq, accepted: false }]);
    expect(other.handle.isClosed).toBe(false);
  });

  it('is closed where the others have ended as well, and have not been looked after yet', () => {
    const { handed, hand, processes } = several(2, false);
    const { handle } = hand(0);
    const answers: unknown[] = [];
    processes[0]?.on('internalMessage', (message) => answers.push(message));
    for (const number of [0, 1]) handed.ended(number);
    for (const number of [0, 1]) handed.gone(number);
    expect(handle.isClosed).toBe(true);
    expect(answers).toEqual([]);
  });

  it('is closed where nobody is left to take it', () => {
    const { handed, hand, processes } = several(1, false);
    const taken = hand(0);
    processes[0]?.takes(taken.seq);
    const { handle } = hand(0);
    handed.gone(0);
    expect(handle.isClosed).toBe(true);
    expect(taken.handle.isClosed).toBe(false);
  });

  it('waits until the one with the fewest took the one before', () => {
    const { handed, hand, counts, processes } = several(2);
    const [, one = new FakeProcess()] = processes;
    for (let at = 0; at < 6; at += 1) hand(0);
    handed.closed(1, 3);
    one.takesAtOnce = false;
    const { seq } = hand(0);
    hand(1);
    expect(counts()).toEqual([3, 4]);
    one.takes(seq);
    expect(counts()).toEqual([3, 5]);
  });

  it('goes to the others where one stands still, and to that one again once it goes on', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { hand, counts, processes } = several(2);
    const [still = new FakeProcess()] = processes;
    still.takesAtOnce = false;
    const { seq } = hand(0);
    for (let at = 0; at < 3; at += 1) hand(1);
    expect(counts()).toEqual([1, 2]);
    vi.advanceTimersByTime(250);
    expect(counts()).toEqual([1, 3]);
    hand(1);
    expect(counts()).toEqual([1, 4]);
    still.takes(seq);
    still.takesAtOnce = true;
    hand(1);
    expect(counts()).toEqual([2, 4]);
  });

  it('is closed where the worker has no descriptor for it, and counts for none', () => {
    const { hand, counts, processes } = several(2, false);
    const answers: unknown[] = [];
    const { seq } = hand(0);
    processes[0]?.on('internalMessage', (message) => answers.push(message));
    processes[0]?.emit('internalMessage', { cmd: 'NODE_HANDLE_NACK' });
    expect(answers).toContainEqual({ cmd: 'NODE_CLUSTER', ack: seq, accepted: true });
    hand(0);
    expect(counts()).toEqual([2, 0]);
  });

  it('is closed where it waited for a worker that ended, and nobody is left', () => {
    const { handed, hand } = several(1, false);
    const handles = [hand(0), hand(0)].map(({ handle }) => handle);
    handed.ended(0);
    handed.gone(0);
    expect(handles.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  });

  it('is all that is looked at: other messages go where they are sent', () => {
    const { processes } = several(2);
    processes[1]?.send({ kind: 'letters' });
    processes[1]?.send({ kind: 'letters' });
    expect(processes.map(({ got }) => got.length)).toEqual([0, 2]);
  });
});
