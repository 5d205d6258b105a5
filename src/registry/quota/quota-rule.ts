// How much the repositories below a name may hold, as the operator wrote it.
import { RegistryError } from '../../oci/error-code.ts';
import type { RepositoryName } from '../../oci/reference.ts';

export interface QuotaRule {
  /** '' for all repositories together. */
  readonly prefix: RepositoryName | '';
  readonly bytes: number;
}

export interface QuotaRules {
  readonly quotas: readonly QuotaRule[];
}

export function isBelow(name: string, prefix: string): boolean {
  return prefix === '' || name === prefix || name.startsWith(`${prefix}/`);
}

export interface ExceededQuota extends QuotaRule {
  /** Of what is there and what is on its way, in bytes. */
  readonly used: number;
  readonly asked: number;
}

/** 403, so that clients show the reason and do not try again. */
export class QuotaExceededError extends RegistryError {
  constructor({ prefix, bytes, used, asked }: ExceededQuota) {
    const whose = prefix === '' ? 'the registry' : prefix;
    super('DENIED', {
      message: `the quota of ${whose} is exceeded`,
      detail: `${used} of ${bytes} bytes are used, and ${asked} more are asked for`,
    });
  }
}
