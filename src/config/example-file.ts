// config.example.yaml, generated from the schema: `npm run config:example` writes it, a test compares it.
import { type Setting, sectionsWithin, settings } from './settings.ts';
import { plainScalar } from './yaml-scalar.ts';

const lineWidth = 100;

/** What editors with yaml-language-server look for; the file lies beside the example. */
const modeline = '# yaml-language-server: $schema=./config.schema.json';

const opening = [
  'Every setting of moorage with its default. Name a file like this one with `moorage serve --config FILE` or in MOORAGE_CONFIG.',
  'Flags win over the environment, which wins over this file. Unknown keys are errors.',
  'Generated from src/config/schema.ts by `npm run config:example`.',
];

/** A file that, loaded, gives the defaults. */
export function exampleFile(): string {
  const lines = [modeline, ...opening.flatMap((paragraph) => comment(paragraph, ''))];
  for (const section of sectionsWithin('')) lines.push('', ...sectionLines(section, ''));
  for (const setting of settings.filter((each) => each.section === '')) lines.push('', ...settingLines(setting, ''));
  return `${lines.join('\n')}\n`;
}

function sectionLines(section: string, indent: string): string[] {
  const within = `${indent}  `;
  return [
    `${indent}${section.slice(section.lastIndexOf('.') + 1)}:`,
    ...settings.filter((each) => each.section === section).flatMap((setting) => settingLines(setting, within)),
    ...sectionsWithin(section).flatMap((each) => sectionLines(each, within)),
  ];
}

function settingLines(setting: Setting, indent: string): string[] {
  const value = setting.byDefault === undefined ? '' : ` ${plainScalar(setting.byDefault)}`;
  return [
    ...comment(setting.description, indent),
    `${indent}# ${setting.environment}`,
    `${indent}${setting.byDefault === undefined ? '# ' : ''}${setting.name}:${value}`,
  ];
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > lineWidth) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
