// Starts storage-process.mjs and keeps what it acknowledged, up to the moment it is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface Acknowledgement {
  readonly name: string;
  /** Since the process opened the store. */
  readonly afterMs: number;
}

export class StorageProcess {
  readonly acknowledged: Acknowledgement[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #errors = '';
  #partial = '';

  constructor(mode: 'updates' | 'blobs', root: string, name: string, count = 1_000_000) {
    const program = fileURLToPath(new URL('storage-process.mjs', import.meta.url));
    this.#child = spawn(process.execPath, [program, mode, root, name, String(count)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    this.#ended = once(this.#child, 'close');
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  /** Resolves once so many acknowledgements came that `isEnough` says so. */
  async until(isEnough: (acknowledged: readonly Acknowledgement[]) => boolean): Promise<void> {
    while (!isEnough(this.acknowledged)) {
      const ended = await Promise.race([this.#ended.then(() => true), this.#nextOutput()]);
      if (ended) throw new Error(`the process ended early: ${this.#errors}`);
    }
  }

  /** As a power button would end it, but for the disk: what the system was told is still written. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits for its own end. */
  async end(): Promise<void> {
    await this.#ended;
    if (this.#child.exitCode !== 0) throw new Error(`exit ${this.#child.exitCode}: ${this.#errors}`);
  }

  async #nextOutput(): Promise<false> {
    if (this.#child.stdout !== null) await once(this.#child.stdout, 'data');
    return false;
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      const [name = '', afterMs] = line.split(' ');
      this.acknowledged.push({ name, afterMs: Number(afterMs) });
    }
  }
}
