// For what logs and is not asked what.
import type { Log } from '../../src/storage/log.ts';

export const silentLog: Log = { info: () => {}, slow: () => {}, warn: () => {} };
