// The configuration file as JSON Schema, for editors: `moorage config schema` prints it, `npm run config:example` writes
// config.schema.json. Draft 7, which is what yaml-language-server and most editors take.
import { z } from 'zod';
import { type Setting, sectionsWithin, settings } from './settings.ts';
import { type JsonForm, writtenForm } from './written-forms.ts';

const draft = 'http://json-schema.org/draft-07/schema#';

/**
 * It says no to nothing that the loader takes, but for lists that are written as JSON in a text, for settings without a value and for
 * other spellings of true and false in capitals. What it lets through the loader may refuse: bounds of durations and sizes, patterns of
 * names, and settings that need each other.
 */
export function configJsonSchema(): JsonForm {
  return { $schema: draft, title: 'Configuration of moorage', ...sectionForm('') };
}

export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}

/** A section whose keys are all commented out is null. */
function sectionForm(section: string): JsonForm {
  const within = sectionsWithin(section).map((each) => [nameOf(each), sectionForm(each)] as const);
  const own = settings
    .filter((setting) => setting.section === section)
    .map((setting) => [setting.name, settingForm(setting)] as const);
  return {
    type: ['object', 'null'],
    properties: Object.fromEntries([...own, ...within]),
    additionalProperties: false,
  };
}

function nameOf(section: string): string {
  return section.slice(section.lastIndexOf('.') + 1);
}

function settingForm({ description, environment, byDefault, schema }: Setting): JsonForm {
  const { default: _shown, ...form } = formOf(schema);
  return {
    description: `${description}\n\n${environment}`,
    ...(byDefault === undefined ? {} : { default: asInFile(byDefault) }),
    ...form,
  };
}

/** Empty lists and sections are written as in the environment. */
function asInFile(byDefault: string | boolean): unknown {
  return byDefault === '[]' || byDefault === '{}' ? JSON.parse(byDefault) : byDefault;
}

/** Of what is written, before it is parsed. */
function formOf(schema: z.core.$ZodType): JsonForm {
  const { $schema, description, ...form } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const known = writtenForm(zodSchema);
      if (known === undefined) return;
      for (const key of Object.keys(jsonSchema)) if (key !== 'default') Reflect.deleteProperty(jsonSchema, key);
      Object.assign(jsonSchema, known(formOf));
    },
  });
  return form;
}
