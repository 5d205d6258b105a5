// How values look in what commands print: sizes, digests, dates, and JSON.

const units = ['kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal, three digits: `1.02 kB`, `35.3 MB`. */
export function humanSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = 'B';
  for (const larger of units) {
    // 999.95 would be shown as 1000.
    if (value < 999.5) break;
    value /= 1000;
    unit = larger;
  }
  return `${value.toPrecision(3)} ${unit}`;
}

/** `sha256:` and twelve digits, as docker shows them; whole with `truncated` false. */
export function shownDigest(digest: string, truncated: boolean): string {
  const colon = digest.indexOf(':');
  return truncated ? digest.slice(0, colon + 1 + 12) : digest;
}

/** Go's time that was never set, which crane and skopeo write down. */
const neverSet = Date.parse('0001-01-01T00:00:00Z');

/** `2026-01-02 03:04` of what was written as a date, in UTC; undefined for what is none. */
export function shownDate(created: string | undefined): string | undefined {
  const at = created === undefined ? Number.NaN : Date.parse(created);
  return Number.isNaN(at) || at === neverSet ? undefined : new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

/** `1 blob`, `2 blobs`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** One document, to be read by programs and people alike. */
export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** True where lines can be drawn with more than ASCII: a terminal of a UTF-8 locale. */
export function drawsUnicode(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  return isTerminal && /utf-?8/i.test(locale);
}

/** Undefined for what is no terminal: programs and files want lines as they are. */
export function terminalColumns({ isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number | undefined {
  return isTTY ? columns : undefined;
}
