// The settings of the schema one by one: path, name in the environment, default and description.
import { z } from 'zod';
import { configSchema } from './schema.ts';

export interface Setting {
  /** '' for a setting that stands by itself. */
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

export const settings: readonly Setting[] = Object.entries(configSchema.shape).flatMap(
  ([key, part]: [string, z.ZodType]) =>
    part instanceof z.ZodObject
      ? Object.entries(part.shape as Record<string, z.ZodType>).map(([name, schema]) => settingOf(key, name, schema))
      : [settingOf('', key, part)],
);

const byPath = new Map(settings.map((setting) => [setting.path, setting]));

/** In the order of the schema, without settings that stand by themselves. */
export const sections: readonly string[] = [...new Set(settings.map(({ section }) => section))].filter(
  (section) => section !== '',
);

export function settingAt(path: string): Setting | undefined {
  return byPath.get(path);
}

function settingOf(section: string, name: string, schema: z.ZodType): Setting {
  const description = schema.description;
  const path = section === '' ? name : `${section}.${name}`;
  if (description === undefined) throw new Error(`the setting ${path} has no description`);
  return {
    section,
    name,
    path,
    environment: ['MOORAGE', ...(section === '' ? [] : wordsOf(section)), ...wordsOf(name)].join('_'),
    description,
    byDefault: schema instanceof z.ZodPrefault ? (schema.def.defaultValue as string | boolean) : undefined,
    schema,
  };
}

/** `readOnly` -> `READ`, `ONLY` */
function wordsOf(name: string): string[] {
  return name.replace(/[A-Z]/g, ' $&').toUpperCase().split(' ');
}
