// `quota` as it is written: a section of prefixes with sizes in the file, or the same as JSON in the environment.
import { z } from 'zod';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import { jsonSection } from './json-text.ts';
import { parseSize } from './units.ts';
import { sizeForm, writtenAs } from './written-forms.ts';

const refusal = 'is not a section of prefixes with sizes; write e.g. {team: 50GiB, /: 200GiB}';
/** All repositories together: no name of one. */
const everything = '/';
const maxQuotas = 1_000;

export interface WrittenQuota {
  readonly prefix: RepositoryName | '';
  readonly bytes: number;
}

const quotas = z
  .union([z.string(), z.record(z.string(), z.unknown())], { error: refusal })
  .transform((written, context): readonly WrittenQuota[] => {
    const problem = (message: string) => void context.issues.push({ code: 'custom', message, input: written });
    const section = typeof written === 'string' ? jsonSection(written) : written;
    if (section === undefined) problem(refusal);
    const entries = Object.entries(section ?? {});
    if (entries.length > maxQuotas) problem(`has more than ${maxQuotas} prefixes`);
    return entries.flatMap(([prefix, size]) => {
      const bytes = typeof size === 'string' || typeof size === 'number' ? parseSize(String(size)) : undefined;
      const isPrefix = prefix === everything || isRepositoryName(prefix);
      if (!isPrefix) problem(`has a prefix that begins no name of a repository: "${prefix}"; / is all of them`);
      if (bytes === undefined) problem(`has no size for ${prefix}; write e.g. 50GiB`);
      if (!isPrefix || bytes === undefined) return [];
      return [{ prefix: prefix === everything ? '' : prefix, bytes }];
    });
  });

/** Every problem says of which prefix. */
export const quotaRules = writtenAs(quotas, (formOf) => ({ type: 'object', additionalProperties: sizeForm(formOf) }));
