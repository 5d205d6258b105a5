// The manual page of this moorage, as `npm run man` writes it.
import { settings } from '../config/settings.ts';
import { commandTree } from './command-tree.ts';
import { manPage } from './man-page.ts';
import { programOf } from './program.ts';
import { packageVersion } from './version.ts';

export function writtenManPage(): string {
  const program = commandTree(programOf({}, () => {}));
  return manPage({ program, version: packageVersion(), settings });
}
