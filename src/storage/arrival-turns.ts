// How much of what arrives is taken in one turn of the event loop: a socket that is full gives megabytes at once, all of which would be hashed
// before anybody else is answered.

/** Shared by all who receive: less than a millisecond of hashing, or two on a machine without instructions for it. */
const bytesInATurn = 1 << 20;
/** What each may take, however many receive: less is more work for the loop than for the hash. */
const leastBytes = 64 * 1024;

let turn = 0;
/** How many received something in this turn, and in the one before. */
let receiving = 0;
let receivedBefore = 1;
/** Who goes on in the next turn. */
let waiting: (() => void)[] = [];
let isTurning = false;

function nextTurn(): void {
  isTurning = false;
  turn += 1;
  receivedBefore = Math.max(receiving, 1);
  receiving = 0;
  const goOn = waiting;
  waiting = [];
  for (const each of goOn) each();
}

/** What one of them takes. */
export class ArrivalTurns {
  #turn = -1;
  #bytes = 0;
  /** It is called in the next turn. */
  #isWaiting = false;

  /** So many bytes arrived. False where that is enough for this turn: whoever asks takes no more until `goOn` is called, in the next one. */
  take(bytes: number, goOn: () => void): boolean {
    if (!isTurning) setImmediate(nextTurn);
    isTurning = true;
    if (this.#turn !== turn) {
      this.#turn = turn;
      this.#bytes = 0;
      this.#isWaiting = false;
      receiving += 1;
    }
    this.#bytes += bytes;
    // The share grows smaller as others come, so that one may have had more than it before its next bytes arrive.
    const share = Math.max(bytesInATurn / Math.max(receiving, receivedBefore), leastBytes);
    if (this.#bytes < share) return true;
    if (!this.#isWaiting) waiting.push(goOn);
    this.#isWaiting = true;
    return false;
  }
}
