// How much two buffers have in common at their start and at their end, compared in blocks.

const blockBytes = 64 * 1024;

export function commonPrefixLength(a: Buffer, b: Buffer): number {
  const limit = Math.min(a.length, b.length);
  let at = 0;
  while (at < limit) {
    const end = Math.min(at + blockBytes, limit);
    if (a.compare(b, at, end, at, end) !== 0) break;
    at = end;
  }
  while (at < limit && a[at] === b[at]) at += 1;
  return at;
}

/** Does not reach into the first `prefix` bytes of either. */
export function commonSuffixLength(a: Buffer, b: Buffer, prefix: number): number {
  const limit = Math.min(a.length, b.length) - prefix;
  let length = 0;
  while (length < limit) {
    const block = Math.min(blockBytes, limit - length);
    const [aEnd, bEnd] = [a.length - length, b.length - length];
    if (a.compare(b, bEnd - block, bEnd, aEnd - block, aEnd) !== 0) break;
    length += block;
  }
  while (length < limit && a[a.length - 1 - length] === b[b.length - 1 - length]) length += 1;
  return length;
}
