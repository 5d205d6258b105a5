// The last line of a copy: how much there was, and how much of it had to be copied.
import type { CopyTotals } from '../transfer/progress.ts';
import { counted, humanSize } from './output-text.ts';

export function totalsLine({ manifests, blobs, bytesCopied, bytesSkipped }: CopyTotals): string {
  const copied = blobs.copied + blobs.resumed;
  const there = blobs.present + blobs.linked;
  const all = manifests.copied + manifests.present;
  const skipped =
    there === 0 && bytesSkipped === 0
      ? ''
      : `; ${counted(there, 'blob')} ${there === 1 ? 'was' : 'were'} there (${humanSize(bytesSkipped)} not copied)`;
  return `${counted(all, 'manifest')}, ${counted(copied, 'blob')} copied (${humanSize(bytesCopied)})${skipped}`;
}
