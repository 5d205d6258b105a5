// What a copy tells while it runs, and the sums of it: whoever shows progress listens, and the report at the end counts.
import type { Digest } from '../oci/digest.ts';

/** 'present': it was there already. 'linked': another repository of the root has it. 'resumed': the rest of it was copied. */
export type BlobOutcome = 'copied' | 'resumed' | 'present' | 'linked';

export interface CopiedContent {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface CopyProgress {
  /** These will be copied, or are there already: before the first of them is begun. The same blob may be told more than once. */
  blobsExpected(blobs: readonly CopiedContent[]): void;
  /** Its bytes will come from offset `from` on. */
  blobStarted(blob: CopiedContent, from: number): void;
  blobAdvanced(blob: CopiedContent, bytes: number): void;
  blobFinished(blob: CopiedContent, outcome: BlobOutcome): void;
  manifestFinished(manifest: CopiedContent, outcome: 'copied' | 'present'): void;
  /** Something a user should know that stops nothing, e.g. what the source lacks. */
  note(text: string): void;
}

/** Of blobs that are only read. */
export type BlobProgress = Pick<CopyProgress, 'blobsExpected' | 'blobStarted' | 'blobAdvanced' | 'blobFinished'>;

export const unwatched: BlobProgress = {
  blobsExpected: () => {},
  blobStarted: () => {},
  blobAdvanced: () => {},
  blobFinished: () => {},
};

export const unwatchedCopy: CopyProgress = { ...unwatched, manifestFinished: () => {}, note: () => {} };

export interface CopyTotals {
  readonly manifests: { readonly copied: number; readonly present: number };
  readonly blobs: Readonly<Record<BlobOutcome, number>>;
  /** Bytes of blobs read from the source. */
  readonly bytesCopied: number;
  /** Bytes of blobs that need not be read, or only once more. */
  readonly bytesSkipped: number;
}

/** Counts, and passes everything on. */
export class CopyTally implements CopyProgress {
  readonly notes: string[] = [];
  readonly #listener: CopyProgress;
  readonly #manifests = { copied: 0, present: 0 };
  readonly #blobs: Record<BlobOutcome, number> = { copied: 0, resumed: 0, present: 0, linked: 0 };
  #bytesCopied = 0;
  #bytesSkipped = 0;

  constructor(listener: CopyProgress) {
    this.#listener = listener;
  }

  get totals(): CopyTotals {
    return {
      manifests: { ...this.#manifests },
      blobs: { ...this.#blobs },
      bytesCopied: this.#bytesCopied,
      bytesSkipped: this.#bytesSkipped,
    };
  }

  blobsExpected(blobs: readonly CopiedContent[]): void {
    this.#listener.blobsExpected(blobs);
  }

  blobStarted(blob: CopiedContent, from: number): void {
    this.#bytesSkipped += from;
    this.#listener.blobStarted(blob, from);
  }

  blobAdvanced(blob: CopiedContent, bytes: number): void {
    this.#bytesCopied += bytes;
    this.#listener.blobAdvanced(blob, bytes);
  }

  blobFinished(blob: CopiedContent, outcome: BlobOutcome): void {
    this.#blobs[outcome] += 1;
    if (outcome === 'present' || outcome === 'linked') this.#bytesSkipped += blob.size;
    this.#listener.blobFinished(blob, outcome);
  }

  manifestFinished(manifest: CopiedContent, outcome: 'copied' | 'present'): void {
    this.#manifests[outcome] += 1;
    this.#listener.manifestFinished(manifest, outcome);
  }

  note(text: string): void {
    this.notes.push(text);
    this.#listener.note(text);
  }
}
