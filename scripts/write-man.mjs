// Writes man/moorage.1 from the definitions of commands and settings. A test compares it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { writtenManPage } from '../dist/cli/written-man-page.js';

mkdirSync('man', { recursive: true });
writeFileSync('man/moorage.1', writtenManPage());
