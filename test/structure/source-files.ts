// The files of src, and what each of them imports, types included.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectDirectory = fileURLToPath(new URL('../..', import.meta.url));
const sourceDirectory = join(projectDirectory, 'src');

/** As the formatter leaves them: `from '…'`, `import '…'`, `import('…')`. */
const importedName = /\b(?:from|import)\s*\(?\s*'([^']+)'/g;

export interface SourceFile {
  /** Below src. */
  readonly path: string;
  readonly text: string;
  /** Of other files of src, as paths below it. */
  readonly imports: readonly string[];
  /** Of what Node brings. */
  readonly builtIn: readonly string[];
}

export function sourceFiles(): readonly SourceFile[] {
  const names = readdirSync(sourceDirectory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map(sourceFile);
}

function sourceFile(path: string): SourceFile {
  const text = readFileSync(join(sourceDirectory, path), 'utf8');
  const imported = [...text.matchAll(importedName)].flatMap(([, name]) => name ?? []);
  const own = imported.filter((name) => name.startsWith('.'));
  return {
    path,
    text,
    imports: own.map((name) => relative(sourceDirectory, join(sourceDirectory, dirname(path), name))),
    builtIn: imported.filter((name) => name.startsWith('node:')),
  };
}
