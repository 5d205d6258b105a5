// The system calls of the filesystem driver, counted: what an operation costs, told without a clock.
import { type SystemCalls, systemCalls } from '../../src/storage/filesystem/system-calls.ts';

/** They ask nothing of a file system. */
const ofClocks = new Set(['now', 'elapsed', 'random']);

export class CountedCalls {
  readonly calls: SystemCalls;
  /** Of files. */
  fileSyncs = 0;
  directorySyncs = 0;
  /** All others, by name: what is asked of `/proc/self/fd` is `descriptorPathSync`. */
  readonly others = new Map<string, number>();

  /** `over` is what is called, in the place of the system itself where some of it is replaced. */
  constructor(over: Partial<SystemCalls> = {}) {
    const called = { ...systemCalls, ...over };
    const entries = Object.entries(called).map(([name, call]) => [
      name,
      (...values: unknown[]) => {
        this.#count(name, values[0]);
        return (call as (...values: unknown[]) => unknown)(...values);
      },
    ]);
    this.calls = Object.fromEntries(entries) as SystemCalls;
  }

  /** That take a name, an open file or a directory, but for `close` and syncs. */
  get touching(): number {
    return [...this.others].reduce((sum, [name, count]) => (name === 'closeSync' ? sum : sum + count), 0);
  }

  reset(): void {
    this.fileSyncs = 0;
    this.directorySyncs = 0;
    this.others.clear();
  }

  #count(name: string, of: unknown): void {
    if (ofClocks.has(name)) return;
    if (name !== 'fsync' && name !== 'fdatasync') this.others.set(name, (this.others.get(name) ?? 0) + 1);
    else if (systemCalls.fstatSync(Number(of)).isDirectory()) this.directorySyncs += 1;
    else this.fileSyncs += 1;
  }
}
