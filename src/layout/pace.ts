// Walks over many manifests or blobs: small files are read at once, so that thousands of them would keep every other request waiting.

/** With what else a turn of the loop does, nobody waits for longer than 20 ms. */
const sliceMs = 5;

/** Walks that want to go on. Each turn of the loop goes to one of them, so that many do not take as many slices before anybody else. */
const waiting: (() => void)[] = [];

export class Pace {
  #sinceMs = performance.now();

  /** Lets others take their turn now and then; to be called after every piece of work of at most some milliseconds. */
  async step(): Promise<void> {
    if (performance.now() - this.#sinceMs < sliceMs) return;
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(next);
    });
    this.#sinceMs = performance.now();
  }
}

function next(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(next);
}
