// What the kept report lost to other registries, as docs/performance.md quotes it.

import { factor } from './format.ts';
import type { KeptRatios } from './kept.ts';
import { REGISTRIES } from './losses.ts';

export interface Loss {
  readonly title: string;
  readonly peer: string;
  /** Our figure as a part of theirs. */
  readonly ratio: number;
}

/** The worst first. */
export function lostTo(kept: KeptRatios): Loss[] {
  const losses = [...kept].flatMap(([title, ratios]) =>
    [...ratios].flatMap(([peer, { median }]) =>
      REGISTRIES.includes(peer) && median < 1 ? [{ title, peer, ratio: median }] : [],
    ),
  );
  return losses.sort((one, other) => one.ratio - other.ratio);
}

/** A row of its table. */
export function quotedLoss({ title, peer, ratio }: Loss): string {
  return `| ${title} | ${factor(ratio)} of ${peer} |`;
}
