// Which layout, in words that every process of a server understands.
import type { LayoutPrefix } from '../files/keys.ts';

export interface LayoutPlace {
  /** The name of its mount. */
  readonly mount: string;
  readonly prefix: LayoutPrefix;
}
