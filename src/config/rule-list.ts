// Settings that are lists of rules: written as a list in the file, or as the same list in JSON in the environment. Every problem says
// which rule, counted from 1, and which key.
import { z } from 'zod';
import { NameGlob } from '../oci/name-glob.ts';
import { jsonList } from './json-text.ts';
import { writtenAs } from './written-forms.ts';

const maxRules = 1_000;

/** `refusal`: what is said of what is no list; `what`: of what it is one. */
export function ruleList<Rule extends z.ZodType>(rule: Rule, refusal: string, what = 'rule') {
  const list = z
    .union([z.string(), z.array(z.unknown())], { error: refusal })
    .transform((written, context): readonly z.output<Rule>[] => {
      const rules = typeof written === 'string' ? jsonList(written) : written;
      if (rules === undefined || rules.length > maxRules) {
        const message = rules === undefined ? refusal : `has more than ${maxRules} ${what}s`;
        context.issues.push({ code: 'custom', message, input: written });
        return z.NEVER;
      }
      return rules.flatMap((each, at) => {
        const parsed = rule.safeParse(each);
        if (parsed.success) return [parsed.data];
        for (const { path, message } of parsed.error.issues) {
          const where = [`${what} ${at + 1}`, ...path.slice(0, 1).map(String)].join(', ');
          context.issues.push({ code: 'custom', message: `has a problem in ${where}: ${message}`, input: each });
        }
        return [];
      });
    });
  return writtenAs(list, (formOf) => ({ type: 'array', items: formOf(rule), maxItems: maxRules }));
}

/** A rule: an object of these keys and no others. */
export function ruleOf<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `"${issue.keys.join('", "')}" is not a key of a rule; known: ${known}`
        : 'is not a rule with keys',
  });
}

/** One pattern of names, or a list of them. */
export const globs = z
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
