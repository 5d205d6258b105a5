// How often every blob is read again, and how fast (config/schema.ts, `scrub`).

export interface ScrubRules {
  readonly scrub: {
    /** What was read within so long is not read again. */
    readonly everyMs: number | 'off';
    readonly bytesPerSecond: number;
  };
}
