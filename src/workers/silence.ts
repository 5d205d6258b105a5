// For how long a worker may say nothing before it is taken for one that stands still, and is ended.

/** What belongs to it would wait for ever. */
const whileItAnswers = 20;
/** From a slow card, on a board that is busy, its program takes long to load; ended in the middle, the next one would begin anew, for ever. */
const whileItLoads = 300;

/** In beats (`aliveEveryMs`). `hasBegun`: it has said something, so that its program is there. */
export function mostSilentBeats({ hasBegun }: { readonly hasBegun: boolean }): number {
  return hasBegun ? whileItAnswers : whileItLoads;
}
