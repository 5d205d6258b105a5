// The settings of the schema one by one: path, name in the environment, default and description.
import { z } from 'zod';
import { configSchema } from './schema.ts';

export interface Setting {
  readonly section: string;
  readonly name: string;
  /** `server.readOnly` */
  readonly path: string;
  /** `MOORAGE_SERVER_READ_ONLY` */
  readonly environment: string;
  readonly description: string;
  /** As it would be written in the file; undefined when there is none. */
  readonly byDefault: string | boolean | undefined;
  readonly schema: z.ZodType;
}

export const settings: readonly Setting[] = Object.entries(configSchema.shape).flatMap(([section, { shape }]) =>
  Object.entries(shape).map(([name, schema]) => settingOf(section, name, schema)),
);

const byPath = new Map(settings.map((setting) => [setting.path, setting]));

export const sections: readonly string[] = Object.keys(configSchema.shape);

export function settingAt(path: string): Setting | undefined {
  return byPath.get(path);
}

function settingOf(section: string, name: string, schema: z.ZodType): Setting {
  const description = schema.description;
  if (description === undefined) throw new Error(`the setting ${section}.${name} has no description`);
  return {
    section,
    name,
    path: `${section}.${name}`,
    environment: ['MOORAGE', ...wordsOf(section), ...wordsOf(name)].join('_'),
    description,
    byDefault: schema instanceof z.ZodPrefault ? (schema.def.defaultValue as string | boolean) : undefined,
    schema,
  };
}

/** `readOnly` -> `READ`, `ONLY` */
function wordsOf(name: string): string[] {
  return name.replace(/[A-Z]/g, ' $&').toUpperCase().split(' ');
}
