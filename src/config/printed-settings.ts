// Settings as they hold, each with where it comes from: what `moorage config print` shows. No setting holds a secret: passwords, keys and tokens are
// in files of their own, of which a setting has the name.
import { printableText } from '../oci/printable-text.ts';
import type { WrittenSetting } from './setting-source.ts';
import { type Setting, sectionsWithin, settings } from './settings.ts';
import { plainScalar } from './yaml-scalar.ts';

export interface EffectiveSetting {
  readonly path: string;
  /** As it was written, or the default; undefined where nothing is set. */
  readonly value: unknown;
  /** `moorage.yaml:3:7`, `MOORAGE_LOG_LEVEL`, or `default`. */
  readonly origin: string;
}

/** In the order of the schema. Of what several sources say, the last one counts. */
export function effectiveSettings(written: readonly WrittenSetting[]): readonly EffectiveSetting[] {
  return settings.map(({ path, byDefault }) => {
    const last = written.findLast((each) => each.path === path);
    return last === undefined
      ? { path, value: byDefault, origin: 'default' }
      : { path, value: last.value, origin: last.origin };
  });
}

/** A YAML file that, loaded, gives these settings. */
export function printedSettings(effective: readonly EffectiveSetting[]): string {
  const byPath = new Map(effective.map((each) => [each.path, each]));
  const line = ({ name, path }: Setting, indent: string) => lineOf(name, byPath.get(path), indent);
  const within = (section: string, indent: string): readonly string[] => [
    ...settings.filter((each) => each.section === section).map((setting) => line(setting, indent)),
    ...sectionsWithin(section).flatMap((each) => [
      `${indent}${each.slice(each.lastIndexOf('.') + 1)}:`,
      ...within(each, `${indent}  `),
    ]),
  ];
  const all = [...sectionsWithin('').flatMap((each) => [`${each}:`, ...within(each, '  ')])];
  const single = settings.filter(({ section }) => section === '').map((setting) => line(setting, ''));
  return [...all, ...single].map((each) => `${each}\n`).join('');
}

function lineOf(name: string, effective: EffectiveSetting | undefined, indent: string): string {
  if (effective?.value === undefined) return `${indent}# ${name}: not set`;
  return `${indent}${name}: ${valueText(effective.value)} # ${printableText(effective.origin)}`;
}

/** JSON is YAML as well. */
function valueText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'boolean' ? plainScalar(value) : JSON.stringify(value);
}
