// Progress on a terminal: one line of what is done and what is under way, rewritten in place.
import type { CopiedContent } from '../transfer/progress.ts';
import { counted, humanSize, shownDigest } from './output-text.ts';
import { noteLine, type ProgressOutput, type ShownProgress } from './progress-output.ts';
import { TransferRate, timeLeft } from './transfer-rate.ts';

const rewriteEveryMs = 100;

export class ProgressLine implements ShownProgress {
  readonly #output: ProgressOutput;
  readonly #running = new Map<string, { done: number; readonly size: number }>();
  /** By digest, since images share blobs. */
  readonly #expected = new Set<string>();
  readonly #finished = new Set<string>();
  readonly #rate = new TransferRate();
  #expectedBytes = 0;
  #finishedBytes = 0;
  #movedBytes = 0;
  #manifests = 0;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  blobsExpected(blobs: readonly CopiedContent[]): void {
    for (const { digest, size } of blobs) {
      if (this.#expected.has(digest)) continue;
      this.#expected.add(digest);
      this.#expectedBytes += size;
    }
  }

  blobStarted({ digest, size }: CopiedContent, from: number): void {
    this.#running.set(digest, { done: from, size });
    this.#draw();
  }

  blobAdvanced({ digest }: CopiedContent, bytes: number): void {
    this.#movedBytes += bytes;
    const running = this.#running.get(digest);
    if (running !== undefined) running.done += bytes;
    this.#draw();
  }

  blobFinished(blob: CopiedContent): void {
    this.#running.delete(blob.digest);
    this.blobsExpected([blob]);
    if (!this.#finished.has(blob.digest)) this.#finishedBytes += blob.size;
    this.#finished.add(blob.digest);
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
    this.#rate.sample(now, this.#movedBytes);
    // A line that wraps cannot be rewritten.
    const text = this.#parts()
      .join('  ')
      .slice(0, Math.max(0, (this.#output.columns ?? 80) - 1));
    this.#output.write(`\r\u001b[K${text}`);
    this.#isDrawn = true;
  }

  #parts(): readonly string[] {
    const running = [...this.#running];
    const done = this.#finishedBytes + running.reduce((sum, [, { done: bytes }]) => sum + bytes, 0);
    // More than a descriptor says is the source's lie, and is found out at the end.
    const left = Math.max(0, this.#expectedBytes - done);
    const { perSecond } = this.#rate;
    const time = timeLeft(left, perSecond);
    return [
      `${humanSize(done)} of ${humanSize(this.#expectedBytes)}`,
      ...(perSecond === undefined ? [] : [`${humanSize(Math.round(perSecond))}/s`]),
      ...(time === undefined || left === 0 ? [] : [`${time} left`]),
      counted(this.#finished.size, 'blob'),
      ...(this.#manifests === 0 ? [] : [counted(this.#manifests, 'manifest')]),
      ...running.map(([digest, { done: bytes, size }]) => `${shownDigest(digest, true)} ${percent(bytes, size)}`),
    ];
  }

  #erase(): void {
    if (this.#isDrawn) this.#output.write('\r\u001b[K');
    this.#isDrawn = false;
  }
}

function percent(done: number, size: number): string {
  return `${size === 0 ? 100 : Math.floor((done * 100) / size)}%`;
}
