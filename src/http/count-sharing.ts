// Where several processes are one server, each is told what the others count.

export interface CountSharing {
  /** To the others. */
  tell(key: string, count: number): void;
  /** `from` names the process that counted. */
  listen(listener: (key: string, count: number, from: number) => void): void;
  /** Others came or went: `processes` are those that there are. */
  onOthers(listener: (processes: ReadonlySet<number>) => void): void;
}

/** What is counted for all of them. */
export interface SharedLimits {
  readonly requests: CountSharing;
  readonly connections: CountSharing;
}
