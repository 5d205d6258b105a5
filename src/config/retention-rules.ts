// The rules of `retention` as they are written: a list in the file, or the same as JSON in the environment.
import { z } from 'zod';
import { NameGlob } from '../oci/name-glob.ts';
import { longestDurationMs, parseDuration } from './units.ts';

const globs = z
  .union([z.string(), z.array(z.string()).min(1, 'is an empty list')], {
    error: 'is no pattern and no list of patterns',
  })
  .transform((written, context): readonly NameGlob[] => {
    return [written].flat().map((text) => {
      const glob = NameGlob.parse(text);
      if (glob !== undefined) return glob;
      context.issues.push({
        code: 'custom',
        message: `"${text}" is no pattern of names; write e.g. team/*, ** or pr-*`,
        input: text,
      });
      return z.NEVER;
    });
  });

const age = z.string('is not a duration; write a number and a unit, e.g. 30d').transform((written, context): number => {
  const ms = parseDuration(written);
  if (ms !== undefined && ms > 0 && ms <= longestDurationMs) return ms;
  context.issues.push({
    code: 'custom',
    message: 'is not a duration of at most 10 years; write e.g. 24h or 30d',
    input: written,
  });
  return z.NEVER;
});

const rule = z.strictObject(
  {
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
  },
  { error: (issue) => (issue.code === 'unrecognized_keys' ? unknownKeys(issue.keys) : 'is not a rule with keys') },
);

/** Ages in milliseconds. */
type WrittenRule = z.output<typeof rule>;

const keys = Object.keys(rule.shape).join(', ');
const refusal = 'is not a list of rules; see "Disk space" in README.md';
const maxRules = 1_000;

/** Every problem says which rule, counted from 1, and which key. */
export const retentionRules = z
  .union([z.string(), z.array(z.unknown())], { error: refusal })
  .transform((written, context): readonly WrittenRule[] => {
    const list = typeof written === 'string' ? parseJsonList(written) : written;
    if (list === undefined || list.length > maxRules) {
      const message = list === undefined ? refusal : `has more than ${maxRules} rules`;
      context.issues.push({ code: 'custom', message, input: written });
      return z.NEVER;
    }
    return list.flatMap((each, at) => {
      const parsed = rule.safeParse(each);
      if (parsed.success) return [parsed.data];
      for (const { path, message } of parsed.error.issues) {
        const where = [`rule ${at + 1}`, ...path.slice(0, 1).map(String)].join(', ');
        context.issues.push({ code: 'custom', message: `has a problem in ${where}: ${message}`, input: each });
      }
      return [];
    });
  });

function parseJsonList(text: string): readonly unknown[] | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json) ? json : undefined;
  } catch {
    // Whatever it is, it is no list: the problem says what to write.
    return undefined;
  }
}

function unknownKeys(unknown: readonly string[]): string {
  return `"${unknown.join('", "')}" is not a key of a rule; known: ${keys}`;
}
