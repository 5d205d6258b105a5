// The rules of `retention` as they are written.
import { z } from 'zod';
import { globs, ruleList, ruleOf } from './rule-list.ts';
import { longestDurationMs, parseDuration } from './units.ts';
import { durationForm, writtenAs } from './written-forms.ts';

const parsedAge = z
  .string('is not a duration; write a number and a unit, e.g. 30d')
  .transform((written, context): number => {
    const ms = parseDuration(written);
    if (ms !== undefined && ms > 0 && ms <= longestDurationMs) return ms;
    context.issues.push({
      code: 'custom',
      message: 'is not a duration of at most 10 years; write e.g. 24h or 30d',
      input: written,
    });
    return z.NEVER;
  });

const age = writtenAs(parsedAge, durationForm);

/** Ages in milliseconds. */
const rule = ruleOf({
  repositories: globs.prefault('**'),
  tags: globs.prefault('*'),
  keepNewest: z
    .int('is not a whole number')
    .min(1, 'is not at least 1')
    .max(1_000_000, 'is more than 1,000,000')
    .optional(),
  keepPushedWithin: age.optional(),
  keepPulledWithin: age.optional(),
  keepAll: z.literal(true, 'is not true; leave it out').optional(),
});

export const retentionRules = ruleList(rule, 'is not a list of rules; see docs/retention.md');
