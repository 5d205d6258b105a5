// The audit, from the settings: into a file or the log.
import { ConfigError } from './config/config-error.ts';
import { auditIntoLog } from './config/joint-settings.ts';
import type { Settings } from './config/schema.ts';
import type { Audit, AuditLine } from './http/audit.ts';
import type { Logger } from './observability/logger.ts';
import { messageFirst } from './observability/message-first-log.ts';
import { RegistryError } from './oci/error-code.ts';
import { LineFile } from './storage/filesystem/line-file.ts';
import { CannotWriteError } from './storage/filesystem/published-file.ts';

export interface OpenedAudit extends Audit {
  /** Writes what there is. */
  close(): Promise<void>;
}

/** Undefined where there is none. Refuses with a ConfigError what cannot be written to. */
export async function auditOf({ audit }: Settings, log: Logger): Promise<OpenedAudit | undefined> {
  const { file, required } = audit;
  if (file === undefined) return undefined;
  if (file === auditIntoLog) return { record: (line) => void log.info(line, 'audit'), close: async () => {} };
  return required ? new RequiredAudit(await opened(file, log)) : new FileAudit(await opened(file, log));
}

async function opened(path: string, log: Logger): Promise<LineFile> {
  const lostLine = (lost: number) => textOf({ lost });
  try {
    return await LineFile.open(path, { log: messageFirst(log), lostLine });
  } catch (error) {
    if (!(error instanceof CannotWriteError)) throw error;
    throw new ConfigError([{ origin: 'audit.file', message: error.message }]);
  }
}

function textOf(line: AuditLine | { readonly lost: number }): string {
  return JSON.stringify({ time: new Date().toISOString(), ...line });
}

class FileAudit implements OpenedAudit {
  readonly #file: LineFile;

  constructor(file: LineFile) {
    this.#file = file;
  }

  record(line: AuditLine): undefined {
    this.#file.push(textOf(line));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Nobody goes on before the line is written. */
class RequiredAudit implements OpenedAudit {
  readonly #file: LineFile;

  constructor(file: LineFile) {
    this.#file = file;
  }

  async record(line: AuditLine): Promise<void> {
    try {
      await this.#file.append(textOf(line));
    } catch (cause) {
      const detail = 'the audit cannot be written';
      throw new RegistryError('UNAVAILABLE', { detail, headers: { 'Retry-After': '2' }, cause });
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
