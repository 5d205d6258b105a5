// The first signal asks to stop, the next one wants it now; npm's copy of Ctrl-C is not a next one.
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { watchStopSignals } from '../../../src/cli/stop-signals.ts';

function watch(underNpm: boolean, hasTerminal = true) {
  const source = new EventEmitter();
  const exits: number[] = [];
  const clock = { now: 1000 };
  const signals = watchStopSignals(source, (code) => exits.push(code), { underNpm, hasTerminal, now: () => clock.now });
  return { source, exits, clock, signals };
}

describe('watchStopSignals', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('tells the first signal: %s', async (name) => {
    const { source, signals, exits } = watch(false);
    source.emit(name, name);
    expect(await signals.first).toBe(name);
    expect(exits).toEqual([]);
  });

  it('exits at the second with the code that shells give to it', () => {
    const { source, exits } = watch(false);
    source.emit('SIGTERM', 'SIGTERM');
    source.emit('SIGINT', 'SIGINT');
    source.emit('SIGTERM', 'SIGTERM');
    expect(exits).toEqual([130, 143]);
  });

  it('takes one copy that follows at once for the same signal, below npm', () => {
    const { source, exits } = watch(true);
    source.emit('SIGINT', 'SIGINT');
    source.emit('SIGINT', 'SIGINT');
    expect(exits).toEqual([]);
    source.emit('SIGINT', 'SIGINT');
    expect(exits).toEqual([130]);
  });

  it('does not take a later one for a copy', () => {
    const { source, exits, clock } = watch(true);
    source.emit('SIGINT', 'SIGINT');
    clock.now += 500;
    source.emit('SIGINT', 'SIGINT');
    expect(exits).toEqual([130]);
  });

  it('ignores SIGHUP without a terminal, also as the second one', () => {
    const { source, exits } = watch(false, false);
    source.emit('SIGHUP', 'SIGHUP');
    source.emit('SIGTERM', 'SIGTERM');
    source.emit('SIGHUP', 'SIGHUP');
    expect(exits).toEqual([]);
    expect(source.listenerCount('SIGHUP')).toBe(1);
  });

  it('tells each SIGHUP without a terminal to who wants to know, and none with one', () => {
    const told: string[] = [];
    const early = watch(false, false);
    early.source.emit('SIGHUP', 'SIGHUP');
    early.signals.onHangup(() => told.push('early'));
    for (const hasTerminal of [true, false]) {
      const { source, signals } = watch(false, hasTerminal);
      signals.onHangup(() => told.push(`terminal: ${hasTerminal}`));
      source.emit('SIGHUP', 'SIGHUP');
      source.emit('SIGTERM', 'SIGTERM');
      if (!hasTerminal) source.emit('SIGHUP', 'SIGHUP');
    }
    expect(told).toEqual(['early', 'terminal: false', 'terminal: false']);
  });

  it.each([true, false])('lets go when released (with a terminal: %s)', (hasTerminal) => {
    const { source, signals } = watch(false, hasTerminal);
    signals.release();
    expect(source.eventNames()).toEqual([]);
  });
});
