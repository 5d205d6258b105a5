// What the processes of one server say to each other. The parent carries what one worker says to another, so that no worker needs a
// channel to each, and no socket lies in a directory.

/** Of a process: the parent is 0, workers count from 1, and one that replaces another gets a number of its own. */
export type ProcessNumber = number;
export const parentNumber: ProcessNumber = 0;

export interface GroupMember {
  readonly number: ProcessNumber;
  /** From 0 to the number of workers: the one that replaces another takes its place, and what belonged to it. */
  readonly place: number;
}

/** An error as it crosses: what it is made of again is decided by crossing-error.ts. */
export interface CrossingError {
  readonly kind: string;
  readonly message: string;
  readonly details: unknown;
}

export type Body =
  | { readonly type: 'question'; readonly id: number; readonly topic: string; readonly question: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: CrossingError }
  | { readonly type: 'news'; readonly topic: string; readonly news: unknown };

export interface Letter {
  readonly from: ProcessNumber;
  readonly to: ProcessNumber | 'others';
  readonly body: Body;
}

/** What a worker is told at its start: plain data. */
/** Which directory a root is. */
export interface RootPlace {
  /** What stays the same when a volume is mounted again. */
  readonly ino: number;
  readonly birthtimeMs: number;
  /** Undefined while nothing of ours is there. */
  readonly id: string | undefined;
}

export interface StartOrder<Work> {
  readonly number: ProcessNumber;
  readonly place: number;
  /** Unique among all servers that ever were. */
  readonly server: string;
  /** Known to its processes alone. */
  readonly secret: Uint8Array;
  readonly workers: number;
  /** Only the first one of all prints the banner, and lists what is served. */
  readonly announces: boolean;
  /** Undefined: the one of the settings. */
  readonly port: number | undefined;
  /** Of the one that listened last, as it said; undefined for the first of all. */
  readonly root: RootPlace | undefined;
  readonly work: Work;
}

export type ToWorker<Work> =
  | { readonly kind: 'start'; readonly order: StartOrder<Work> }
  | { readonly kind: 'members'; readonly members: readonly GroupMember[] }
  /** Something else from now on. Numbers count up. */
  | { readonly kind: 'work'; readonly number: number; readonly work: Work }
  /** No new requests; running ones may take so long. */
  | { readonly kind: 'drain'; readonly withinMs: number }
  /** Every worker has answered its last request. */
  | { readonly kind: 'close' }
  | { readonly kind: 'letters'; readonly letters: readonly Letter[] };

export type ToParent =
  | { readonly kind: 'alive' }
  | { readonly kind: 'listening'; readonly port: number; readonly root: RootPlace | undefined }
  | { readonly kind: 'print'; readonly text: string }
  /** It cannot start, in words for whoever started the server. */
  | { readonly kind: 'failed'; readonly message: string; readonly exitCode: number }
  | { readonly kind: 'drained' }
  /** It does what it was told under that number. */
  | { readonly kind: 'follows'; readonly number: number }
  /** So many of its connections have ended since its start. */
  | { readonly kind: 'closed'; readonly connections: number }
  | { readonly kind: 'letters'; readonly letters: readonly Letter[] };

/** Workers say that their event loop turns. */
export const aliveEveryMs = 1_000;
