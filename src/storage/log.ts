// What the layers below the server tell the operator; the composition root gives them a logger. They do not know observability.

export interface Log {
  /** Something that happened. `details` are plain values: keys, paths, times. */
  info(message: string, details: object): void;
  /** Something that takes its time: whoever waits for it wants to know, also at a terminal. */
  slow(message: string, details: object): void;
  /** Something that an operator may have to look at. */
  warn(message: string, details: object): void;
}

/** Where several find out the same: says it only while this one `speaks`. */
export function whileItSpeaks(log: Log, speaks: () => boolean): Log {
  return {
    info: (message, details) => void (speaks() && log.info(message, details)),
    slow: (message, details) => void (speaks() && log.slow(message, details)),
    warn: (message, details) => void (speaks() && log.warn(message, details)),
  };
}

/** For whoever finds out by itself what there is to tell. */
export const silentLog: Log = { info: () => {}, slow: () => {}, warn: () => {} };
