// Walks over many manifests or blobs: small files are read at once, so that thousands of them would keep every other request waiting.

/** With what else a turn of the loop does, nobody waits for longer than 20 ms. */
const sliceMs = 5;
/** Shorter walks wait for nobody: a hundred small pushes at once are one batch for the index, and not a hundred. */
const shortMs = 0.5;

/** Walks that want to go on. Each turn of the loop goes to one of them, so that many do not take as many slices before anybody else. */
const waiting: (() => void)[] = [];
/** When the first walk of this turn of the loop made its first step in it; undefined when none did. */
let sliceSinceMs: number | undefined;

export class Pace {
  #sinceMs = performance.now();

  /** Lets others take their turn now and then; to be called after every piece of work of at most some milliseconds. */
  async step(): Promise<void> {
    if (performance.now() - this.#sinceMs < shortMs || !isOver()) return;
    await new Promise<void>(wait);
    this.#sinceMs = performance.now();
  }
}

function isOver(): boolean {
  if (sliceSinceMs !== undefined) return performance.now() - sliceSinceMs >= sliceMs;
  sliceSinceMs = performance.now();
  setImmediate(turn);
  return false;
}

function wait(goOn: () => void): void {
  waiting.push(goOn);
}

/** Runs once a turn of the loop, for as long as there are walks. */
function turn(): void {
  const goOn = waiting.shift();
  sliceSinceMs = goOn === undefined ? undefined : performance.now();
  goOn?.();
  if (goOn !== undefined) setImmediate(turn);
}
