// The settings of the schema one by one: path, name in the environment, default and description.
import { z } from 'zod';
import { configSchema } from './schema.ts';

export interface Setting {
  /** '' for a setting that stands by itself; `server.tls` for one in a section of a section. */
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

export const settings: readonly Setting[] = settingsWithin('', configSchema.shape);

const byPath = new Map(settings.map((setting) => [setting.path, setting]));

/** In the order of the schema. */
export const sections: readonly string[] = [...new Set(settings.map(({ section }) => section))].filter(
  (section) => section !== '',
);

export function settingAt(path: string): Setting | undefined {
  return byPath.get(path);
}

/** The sections that stand directly in one, or for '' in the file. */
export function sectionsWithin(section: string): readonly string[] {
  return sections.filter((each) => parentOf(each) === section);
}

function parentOf(section: string): string {
  return section.slice(0, Math.max(0, section.lastIndexOf('.')));
}

function settingsWithin(section: string, shape: Readonly<Record<string, z.ZodType>>): readonly Setting[] {
  return Object.entries(shape).flatMap(([name, part]) =>
    part instanceof z.ZodObject
      ? settingsWithin(pathOf(section, name), part.shape as Record<string, z.ZodType>)
      : [settingOf(section, name, part)],
  );
}

function pathOf(section: string, name: string): string {
  return section === '' ? name : `${section}.${name}`;
}

function settingOf(section: string, name: string, schema: z.ZodType): Setting {
  const description = schema.description;
  const path = pathOf(section, name);
  if (description === undefined) throw new Error(`the setting ${path} has no description`);
  return {
    section,
    name,
    path,
    environment: ['MOORAGE', ...path.split('.').flatMap(wordsOf)].join('_'),
    description,
    byDefault: schema instanceof z.ZodPrefault ? (schema.def.defaultValue as string | boolean) : undefined,
    schema,
  };
}

/** `readOnly` -> `READ`, `ONLY`; `clientCA` -> `CLIENT`, `CA` */
function wordsOf(name: string): string[] {
  return name
    .replace(/(?<![A-Z])[A-Z]/g, ' $&')
    .toUpperCase()
    .split(' ');
}
