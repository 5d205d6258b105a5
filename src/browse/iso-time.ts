// Times as JSON has them.

/** RFC 3339, in UTC; undefined for what is none, and for what no clock shows. */
export function isoTimeOf(atMs: number | undefined): string | undefined {
  if (atMs === undefined || !(Math.abs(atMs) <= 8.64e15)) return undefined;
  return new Date(atMs).toISOString();
}
