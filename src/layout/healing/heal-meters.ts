// What was put right after other programs wrote, for whoever counts it; the log says the same with names.

/** Entries that were lost, entries that came back, files that held nothing of what was there, torn files; and files that were deleted. */
export const healKinds = ['restored', 'withdrawn', 'clobbered', 'torn', 'files'] as const;
export type HealKind = (typeof healKinds)[number];

export interface HealMeters {
  /** So many times. */
  readonly healed: (kind: HealKind, times: number) => void;
}

/** Of other programs' edits nothing is healed that is honoured. */
export function isHeal(kind: string): kind is HealKind {
  return (healKinds as readonly string[]).includes(kind);
}
