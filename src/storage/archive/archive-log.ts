// What the archive driver has to say to the operator: unpacking takes long enough to be told about.
import type { StorageLog } from '../storage-log.ts';

export interface ArchiveLog extends StorageLog {
  info(message: string, details: object): void;
}
