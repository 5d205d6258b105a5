// Walks over many manifests or blobs: small files are read at once, so that thousands of them would keep every other request waiting.

/** With what else a turn of the loop does, nobody waits for longer than 20 ms. */
const sliceMs = 5;
/** Shorter walks wait for nobody: a hundred small pushes at once are one batch for the index, and not a hundred. */
const shortMs = 0.5;

/** Of walks that have nearly ended so many go on in one turn: one alone would make a commit of its own of each of a hundred pushes. */
const mostInATurn = 8;

/** Walks that want to go on. Each turn of the loop goes to few of them, so that many do not take as many slices before anybody else. */
const waiting: (() => void)[] = [];
/** How many the next turn goes to: one, unless the turns before took less than a slice. */
let inATurn = 1;
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
  const nowMs = performance.now();
  const wasQuick = sliceSinceMs !== undefined && nowMs - sliceSinceMs < sliceMs;
  inATurn = wasQuick ? Math.min(inATurn * 2, mostInATurn) : 1;
  const goOn = waiting.splice(0, inATurn);
  sliceSinceMs = goOn.length === 0 ? undefined : nowMs;
  for (const walk of goOn) walk();
  if (goOn.length > 0) setImmediate(turn);
}
