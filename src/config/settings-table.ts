// The table of settings in docs/settings.md: `npm run config:example` writes it, a test compares it.
import { isReloadable } from './reloadable.ts';
import { settings } from './settings.ts';

/** Markdown, one row a setting. `Followed`: by a running server, when its file changes. */
export function settingsTable(): string {
  const rows = settings.map(({ path, environment, byDefault, description }) =>
    [
      `\`${path}\``,
      `\`${environment}\``,
      byDefault === undefined ? '' : `\`${byDefault}\``,
      isReloadable(path) ? 'yes' : '',
      description,
    ].join(' | '),
  );
  return ['Key | Environment | Default | Followed | Meaning', '--- | --- | --- | --- | ---', ...rows]
    .map((row) => `| ${row} |\n`)
    .join('');
}
