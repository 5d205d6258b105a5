// The processes that are one server together, as one of them sees it: what it shares with the others, and what it leaves to them.

export interface ServerGroup {
  /** How many there are: what one server may hold in memory is divided by it. */
  readonly size: number;
}

/** One process, as nearly everywhere: nothing is shared, and nothing costs anything. */
export const alone: ServerGroup = { size: 1 };
