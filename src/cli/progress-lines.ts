// What a copy shows while it runs: one line that is rewritten on a terminal, lines that stay elsewhere, neither faster than can be read.

import { printableText } from '../oci/printable-text.ts';
import type { BlobOutcome, CopiedContent, CopyProgress } from '../transfer/progress.ts';
import { humanSize, shownDigest } from './output-text.ts';

export interface ProgressOutput {
  /** Undefined: no terminal. */
  readonly columns: number | undefined;
  write(text: string): void;
  /** Milliseconds. */
  now(): number;
}

export interface ShownProgress extends CopyProgress {
  /** Nothing more comes: clears what was only for the moment. */
  end(): void;
}

const rewriteEveryMs = 100;
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
  blobStarted: () => {},
  blobAdvanced: () => {},
  blobFinished: () => {},
  manifestFinished: () => {},
};

function noteLine(text: string): string {
  return `note: ${printableText(text)}\n`;
}

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

/** What is under way and what is done, rewritten in place. */
class ProgressLine implements ShownProgress {
  readonly #output: ProgressOutput;
  readonly #running = new Map<string, { done: number; readonly size: number }>();
  #blobs = 0;
  #manifests = 0;
  #bytes = 0;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  blobStarted({ digest, size }: CopiedContent, from: number): void {
    this.#running.set(digest, { done: from, size });
    this.#draw();
  }

  blobAdvanced({ digest }: CopiedContent, bytes: number): void {
    this.#bytes += bytes;
    const running = this.#running.get(digest);
    if (running !== undefined) running.done += bytes;
    this.#draw();
  }

  blobFinished({ digest }: CopiedContent): void {
    this.#running.delete(digest);
    this.#blobs += 1;
    this.#draw();
  }

  manifestFinished(): void {
    this.#manifests += 1;
    this.#draw();
  }

  note(text: string): void {
    this.#erase();
    this.#output.write(noteLine(text));
  }

  end(): void {
    this.#erase();
  }

  #draw(): void {
    const now = this.#output.now();
    if (now - this.#drawnAtMs < rewriteEveryMs) return;
    this.#drawnAtMs = now;
    const sum = `${this.#manifests} manifests, ${this.#blobs} blobs, ${humanSize(this.#bytes)} copied`;
    const running = [...this.#running].map(
      ([digest, { done, size }]) => `${shownDigest(digest, true)} ${percent(done, size)}`,
    );
    // A line that wraps cannot be rewritten.
    const text = [sum, ...running].join('  ').slice(0, Math.max(0, (this.#output.columns ?? 80) - 1));
    this.#output.write(`\r\u001b[K${text}`);
    this.#isDrawn = true;
  }

  #erase(): void {
    if (this.#isDrawn) this.#output.write('\r\u001b[K');
    this.#isDrawn = false;
  }
}

function percent(done: number, size: number): string {
  return `${size === 0 ? 100 : Math.floor((done * 100) / size)}%`;
}
