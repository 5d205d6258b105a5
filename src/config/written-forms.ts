// How values are written in the configuration file, as JSON Schema, where zod cannot tell: what is parsed from text, and lists of rules
// that are looked at one by one. json-schema.ts puts it together, for editors.
import type { z } from 'zod';

export type JsonForm = Readonly<Record<string, unknown>>;

/** Made only when somebody asks for the schema. `formOf` tells that of a schema within. */
export type FormFactory = (formOf: (schema: z.core.$ZodType) => JsonForm) => JsonForm;

const forms = new WeakMap<z.core.$ZodType, FormFactory>();

/** The same schema, of which it is known how its values are written. */
export function writtenAs<Schema extends z.ZodType>(schema: Schema, form: FormFactory): Schema {
  forms.set(schema, form);
  return schema;
}

/** Also of one that was made of such a schema by a refinement or a description. Undefined where zod can tell. */
export function writtenForm(schema: z.core.$ZodType): FormFactory | undefined {
  for (let each: z.core.$ZodType | undefined = schema; each !== undefined; each = each._zod.parent) {
    const form = forms.get(each);
    if (form !== undefined) return form;
  }
  return undefined;
}

/** Text or a bare number. */
export const scalarForm: FormFactory = () => ({ type: ['string', 'number'] });

/** `8MiB` */
export const sizeForm = quantityForm('B|kB|MB|GB|KiB|MiB|GiB');
/** `24h` */
export const durationForm = quantityForm('ms|s|m|h|d|w|y');
export const sizeOrZeroForm: FormFactory = (formOf) => ({ anyOf: [{ enum: [0, '0'] }, sizeForm(formOf)] });
/** `"0644"` */
export const modeForm: FormFactory = () => ({ type: 'string', pattern: '^0?[0-7]{3}$' });

function quantityForm(units: string): FormFactory {
  return () => ({ type: 'string', pattern: `^\\s*\\d+(?:\\.\\d+)?\\s*(?:${units})\\s*$` });
}

/** Of at least 1. */
export function countForm(maximum: number): FormFactory {
  return () => ({
    anyOf: [
      { type: 'integer', minimum: 1, maximum },
      { type: 'string', pattern: '^\\s*[1-9]\\d*\\s*$' },
    ],
  });
}
