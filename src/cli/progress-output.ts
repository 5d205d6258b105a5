// Where progress is shown, and what every form of it has in common.
import { printableText } from '../oci/printable-text.ts';
import type { CopyProgress } from '../transfer/progress.ts';

export interface ProgressOutput {
  /** Undefined: no terminal. */
  readonly columns: number | undefined;
  write(text: string): void;
  /** Milliseconds. */
  now(): number;
}

export interface ShownProgress extends CopyProgress {
  /** Nothing more comes: clears what was only for the moment. */
  end(): void;
}

export function noteLine(text: string): string {
  return `note: ${printableText(text)}\n`;
}
