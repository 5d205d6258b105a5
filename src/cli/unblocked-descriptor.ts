// A descriptor on which a write never waits for whoever reads the other end: a pager, a terminal under Ctrl-S, a log collector that hangs.
import { constants, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

/**
 * The given descriptor, or another that leads to the same pipe, terminal or socket; writes to it fail with EAGAIN instead of
 * waiting. Files never make one wait. Threads would not help: one that hangs in a write keeps the process from ending.
 */
export function unblockedDescriptor(descriptor: number): number {
  const stats = fstatSync(descriptor);
  if (stats.isSocket()) return withFlag(descriptor);
  if (!stats.isFIFO() && !isatty(descriptor)) return descriptor;
  return reopened(descriptor, stats) ?? (stats.isFIFO() ? withFlag(descriptor) : descriptor);
}

/** Opened once more, so that the flag is ours alone: programs that share a terminal or a pipe with us would stumble over it. */
function reopened(descriptor: number, { dev, ino }: Stats): number | undefined {
  // Elsewhere than on Linux such a name is the same open file again, flags included.
  if (process.platform !== 'linux') return undefined;
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    const own = openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    const opened = fstatSync(own);
    return opened.dev === dev && opened.ino === ino ? own : undefined;
  } catch {
    // Without /proc, or as another user than the one who made the pipe.
    return undefined;
  }
}

const kept: Socket[] = [];

/** Node sets the flag on whatever it makes a stream of. The stream itself is not used, but closing it would close the descriptor. */
function withFlag(descriptor: number): number {
  kept.push(new Socket({ fd: descriptor, readable: false, writable: true }).unref());
  return descriptor;
}
