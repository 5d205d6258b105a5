// Walks over many manifests: small files are read at once, so that thousands of them would keep every other request waiting.
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';

/** About 5 ms of reading and parsing manifests. */
const stepsATurn = 32;

export class Pace {
  #steps = 0;

  /** Lets others take their turn now and then. */
  async step(): Promise<void> {
    this.#steps += 1;
    if (this.#steps % stepsATurn === 0) await turnOfTheLoop();
  }
}
