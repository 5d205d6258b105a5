// The table of settings that the README shows; a test compares it.
import { settings } from './settings.ts';

/** Markdown, one row a setting. */
export function settingsTable(): string {
  const rows = settings.map(({ path, environment, byDefault, description }) =>
    [`\`${path}\``, `\`${environment}\``, byDefault === undefined ? '' : `\`${byDefault}\``, description].join(' | '),
  );
  return ['Key | Environment | Default | Meaning', '--- | --- | --- | ---', ...rows]
    .map((row) => `| ${row} |\n`)
    .join('');
}
