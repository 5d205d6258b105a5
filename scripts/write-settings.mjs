// Writes what is generated from src/config/schema.ts: config.example.yaml, config.schema.json beside it, and the table of settings in
// docs/settings.md. Tests compare them.
import { readFileSync, writeFileSync } from 'node:fs';
import { exampleFile } from '../dist/config/example-file.js';
import { configJsonSchemaText } from '../dist/config/json-schema.js';
import { settingsTable } from '../dist/config/settings-table.js';

const table = /^\| Key \|[\s\S]*?\n(?=\n)/m;

writeFileSync('config.example.yaml', exampleFile());
writeFileSync('config.schema.json', configJsonSchemaText());
writeFileSync(
  'docs/settings.md',
  readFileSync('docs/settings.md', 'utf8').replace(table, () => settingsTable()),
);
