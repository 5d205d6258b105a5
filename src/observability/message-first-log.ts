// The log as the layers below see it: message first, then details. They do not know pino.
import type { Logger } from './logger.ts';

export interface MessageFirstLog {
  info(message: string, details: object): void;
  slow(message: string, details: object): void;
  warn(message: string, details: object): void;
}

export function messageFirst(log: Logger): MessageFirstLog {
  return {
    info: (message, details) => log.info(details, message),
    slow: (message, details) => log.info(details, message),
    warn: (message, details) => log.warn(details, message),
  };
}
