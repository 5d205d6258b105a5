// What a copy shows while it runs: one line that is rewritten on a terminal, lines that stay elsewhere, neither faster than can be read.

import type { BlobOutcome, CopiedContent } from '../transfer/progress.ts';
import { humanSize, shownDigest } from './output-text.ts';
import { ProgressLine } from './progress-line.ts';
import { noteLine, type ProgressOutput, type ShownProgress } from './progress-output.ts';

/** So many lines at once, and later one for each interval. */
const firstLines = 20;
const lineEveryMs = 1_000;

export function progressOn(output: ProgressOutput): ShownProgress {
  return output.columns === undefined ? new ProgressLines(output) : new ProgressLine(output);
}

/** Shows notes only: for output that programs read. */
export function notesOn(output: ProgressOutput): ShownProgress {
  return { ...silent, note: (text) => output.write(noteLine(text)), end: () => {} };
}

const silent = {
  blobsExpected: () => {},
  blobStarted: () => {},
  blobAdvanced: () => {},
  blobFinished: () => {},
  manifestFinished: () => {},
};

/** A line for what was finished; what comes too fast is only counted. */
class ProgressLines implements ShownProgress {
  readonly #output: ProgressOutput;
  #allowed = firstLines;
  #countedAtMs: number;
  #untold = 0;

  constructor(output: ProgressOutput) {
    this.#output = output;
    this.#countedAtMs = output.now();
  }

  blobsExpected(): void {}

  /** Always told: whoever runs a copy again wants to know that it goes on. */
  blobStarted({ digest, size }: CopiedContent, from: number): void {
    if (from === 0) return;
    this.#output.write(`${shownDigest(digest, true)}  ${humanSize(size)}  goes on at ${humanSize(from)}\n`);
  }

  blobAdvanced(): void {}

  blobFinished({ digest, size }: CopiedContent, outcome: BlobOutcome): void {
    this.#line(`${shownDigest(digest, true)}  ${humanSize(size)}  ${words[outcome]}`);
  }

  manifestFinished({ digest }: CopiedContent, outcome: 'copied' | 'present'): void {
    this.#line(`${shownDigest(digest, true)}  manifest  ${words[outcome]}`);
  }

  note(text: string): void {
    this.#output.write(noteLine(text));
  }

  end(): void {
    if (this.#untold > 0) this.#output.write(`and ${this.#untold} more\n`);
    this.#untold = 0;
  }

  #line(text: string): void {
    const now = this.#output.now();
    this.#allowed = Math.min(firstLines, this.#allowed + (now - this.#countedAtMs) / lineEveryMs);
    this.#countedAtMs = now;
    if (this.#allowed < 1) {
      this.#untold += 1;
      return;
    }
    this.#allowed -= 1;
    this.end();
    this.#output.write(`${text}\n`);
  }
}

const words: Readonly<Record<BlobOutcome, string>> = {
  copied: 'copied',
  resumed: 'completed',
  present: 'there already',
  linked: 'linked from another repository',
};
