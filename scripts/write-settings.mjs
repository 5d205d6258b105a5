// Writes what is generated from src/config/schema.ts: config.example.yaml, and the table of settings in README.md. Two tests compare them.
import { readFileSync, writeFileSync } from 'node:fs';
import { exampleFile } from '../dist/config/example-file.js';
import { settingsTable } from '../dist/config/settings-table.js';

const table = /^\| Key \|[\s\S]*?\n(?=\n)/m;

writeFileSync('config.example.yaml', exampleFile());
writeFileSync(
  'README.md',
  readFileSync('README.md', 'utf8').replace(table, () => settingsTable()),
);
