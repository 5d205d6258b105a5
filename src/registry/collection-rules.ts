// When what nobody needs is deleted, and what is kept for now all the same.

export interface CollectionRules {
  readonly collection: {
    /** How often a server does it, in milliseconds. */
    readonly everyMs: number | 'off';
    /** Nothing younger goes, nor what a client was told within this time to be there; 0: everything that nobody needs. */
    readonly graceMs: number;
  };
}
