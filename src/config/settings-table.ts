// The table of settings in README.md: `npm run config:example` writes it, a test compares it.
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
