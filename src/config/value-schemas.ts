// What the values of settings may look like, and what is said of one that does not: the parts that schema.ts is made of.
import { z } from 'zod';
import { type HostList, parseHostList } from './host-list.ts';
import { parseNetworkList } from './network-list.ts';
import { parseOriginList } from './origin-list.ts';
import { longestDurationMs, parseDuration, parseMode } from './units.ts';
import { durationForm, type FormFactory, modeForm, scalarForm, writtenAs } from './written-forms.ts';

export function text(what: string) {
  return z.string(`is not ${what}; write text, in quotes when it looks like a number`).regex(/\S/, 'is empty');
}

const trueWords = ['true', 'on', 'yes', '1'];
const falseWords = ['false', 'off', 'no', '0'];

export function onOff(byDefault: boolean) {
  const switched = z.union([z.boolean(), z.stringbool({ truthy: trueWords, falsy: falseWords })], {
    error: 'is neither true nor false',
  });
  return writtenAs(switched, () => ({
    anyOf: [{ type: 'boolean' }, { enum: [...trueWords, ...falseWords] }],
  })).prefault(byDefault);
}

export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `is not one of ${words.join(', ')}` });
}

export function duration(least: number) {
  return parsed(parseDuration, 'is not a duration; write a number and a unit, e.g. 30s, 15m, 24h or 7d', durationForm)
    .refine((ms) => ms >= least, `is too short; at least ${least / 1000}s`)
    .refine((ms) => ms <= longestDurationMs, 'is too long; at most 10 years, 3653d');
}

/** A word, or what `schema` takes. */
export function orWord<const Word extends string, Schema extends z.ZodType>(word: Word, schema: Schema) {
  const either = z
    .union([z.string(), z.number(), z.boolean()])
    .transform((written, context): Word | z.output<Schema> => {
      // YAML 1.1 reads a bare `off` as false.
      if (written === word || (word === 'off' && written === false)) return word;
      const parsed = schema.safeParse(written);
      if (parsed.success) return parsed.data;
      for (const { message } of parsed.error.issues) refuse(context, `${message}, or ${word}`, written);
      return z.NEVER;
    });
  const words = word === 'off' ? [word, false] : [word];
  return writtenAs(either, (formOf) => ({ anyOf: [{ enum: words }, formOf(schema)] }));
}

export function originList() {
  const refusal = 'is not a list of origins; write e.g. https://ui.example, without a path, or *';
  return z
    .union([z.string(), z.array(z.string())], { error: refusal })
    .transform((written, context) => parseOriginList(written) ?? refuse(context, refusal, written));
}

export function networkList() {
  const refusal = 'is not a list of addresses and networks; write e.g. 10.0.0.7, 10.0.0.0/8, fd00::/8 or loopback';
  return z
    .union([z.string(), z.array(z.string())], { error: refusal })
    .transform((written, context) => parseNetworkList(written) ?? refuse(context, refusal, written));
}

export function hostList() {
  const refusal = 'is not a list of host names; write e.g. registry.example, without scheme and port, or any';
  return z
    .union([z.string(), z.array(z.string())], { error: refusal })
    .transform((written, context): HostList => parseHostList(written) ?? refuse(context, refusal, written));
}

/** Quoted: YAML would read 0644 as a decimal number. */
export function mode(needed: number) {
  const refusal = 'is not a file mode; write octal digits in quotes, e.g. "0644"';
  const schema = z
    .string(refusal)
    .transform((written, context) => parseMode(written) ?? refuse(context, refusal, written));
  return writtenAs(schema, modeForm).refine(
    (bits) => (bits & needed) === needed,
    `keeps moorage itself out; at least "0${needed.toString(8)}"`,
  );
}

/** Text, or a bare number of a YAML file, that `parse` makes a value of. */
export function parsed<Value>(
  parse: (text: string) => Value | undefined,
  refusal: string,
  form: FormFactory = scalarForm,
) {
  const schema = z
    .union([z.string(), z.number()], { error: refusal })
    .transform((written, context): Value => parse(String(written)) ?? refuse(context, refusal, written));
  return writtenAs(schema, form);
}

export function refuse(context: z.core.$RefinementCtx, message: string, input: unknown): never {
  context.issues.push({ code: 'custom', message, input });
  return z.NEVER;
}
