// What `moorage rm` is asked for, and how it tells what went.
import type { Settings } from '../config/schema.ts';
import type { OpenOptions } from '../transfer/open-source.ts';

export interface RmOptions {
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly open: OpenOptions;
  readonly settings: Settings;
}

/** What went, or would. */
export interface RemovedItem {
  readonly repository: string;
  /** Of a tag that went alone. */
  readonly tag?: string;
  readonly digest?: string;
  /** Of a manifest that went with them. */
  readonly tags?: readonly string[];
}
