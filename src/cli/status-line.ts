// What a command is doing, on a terminal: one line, rewritten in place. Nothing where nobody watches.

const rewriteEveryMs = 100;

export interface StatusOutput {
  /** Undefined: no terminal. */
  readonly columns: number | undefined;
  readonly write: (text: string) => void;
}

export class StatusLine {
  readonly #output: StatusOutput;
  #shownAtMs = Number.NEGATIVE_INFINITY;
  #isShown = false;

  constructor(output: StatusOutput) {
    this.#output = output;
  }

  show(text: string): void {
    const { columns, write } = this.#output;
    const nowMs = performance.now();
    if (columns === undefined || nowMs - this.#shownAtMs < rewriteEveryMs) return;
    this.#shownAtMs = nowMs;
    this.#isShown = true;
    // A line that wraps cannot be rewritten.
    write(`\r\u001b[K${text.slice(0, Math.max(0, columns - 1))}`);
  }

  /** Before anything else is printed. */
  erase(): void {
    if (this.#isShown) this.#output.write('\r\u001b[K');
    this.#isShown = false;
  }
}
