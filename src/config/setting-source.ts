// What one source (flags, environment, file) says: values with their origin, and what is wrong with the source itself.
import type { ConfigProblem } from './config-error.ts';

export interface WrittenSetting {
  /** A path of the schema, `server.readOnly`. */
  readonly path: string;
  readonly value: unknown;
  readonly origin: string;
}

export interface SettingSource {
  readonly written: readonly WrittenSetting[];
  readonly problems: readonly ConfigProblem[];
}
