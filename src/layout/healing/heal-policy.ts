// The numbers by which lost updates of other tools are judged and healed (docs/healing.md#the-journal). All of them, once.

export const healPolicy = {
  /** How long a version of index.json stays a candidate after it was superseded: the longest read-to-write of a tool that we heal. */
  windowMs: 60 * 60 * 1000,
  /** How long after an acknowledgement its disappearance is taken for a stale rewrite rather than a delete, by how the file came. */
  graceMs: { 'in-place': 2000, rename: 500 },
  /** What an entry costs a candidate that was superseded before the entry, or its digest, first appeared. */
  newerWeight: 4,
  /** Changes that a tool may have undone on purpose while the file equals an older version; more of them are a stale rewrite. */
  undoneLimit: 2,
  /** Manifests that one edit which adds nothing may take away with their names; more of them within the window are damage. */
  deletedAtOnceLimit: 8,
  /** Longer than the slowest collector of another tool takes from reading index.json to its last delete (regctl with 2,000 tags on a busy machine: 30 s). */
  collectorMs: 60 * 1000,
  /** Candidates of equal cost that are considered. */
  tieLimit: 4,
  /** Manifests up to this size are kept in the journal, so that a foreign collector can be undone. */
  manifestLimitBytes: 64 * 1024,
  /** The journal is not trimmed below this size. */
  journalFloorBytes: 4 * 1024 * 1024,
} as const;
