// The house keeps its direction: no import goes up or in a circle, and only who is named touches files.
import { describe, expect, it } from 'vitest';
import { layers, touchesFiles } from './layers.ts';
import { type SourceFile, sourceFiles } from './source-files.ts';

const files = sourceFiles();

/** Throws for a folder that the table does not know. */
function layerOf(path: string): string {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (path.slice(0, end) in layers) return path.slice(0, end);
  }
  if (path.includes('/')) throw new Error(`src/${path} is in no layer`);
  return '';
}

function allows(layer: string, imported: string): boolean {
  if (layer === imported) return true;
  return (layers[layer] ?? []).some((allowed) => {
    const below = allowed.endsWith('/*') ? allowed.slice(0, -2) : undefined;
    return allowed === imported || imported === below || (below !== undefined && imported.startsWith(`${below}/`));
  });
}

function importsUpwards({ path, imports }: SourceFile): readonly string[] {
  const wrong = imports.filter((imported) => !allows(layerOf(path), layerOf(imported)));
  return wrong.map((imported) => `src/${path} must not import src/${imported}`);
}

/** A way from a file back to itself, if there is one. */
function circleFrom(start: SourceFile, byPath: ReadonlyMap<string, SourceFile>): readonly string[] | undefined {
  const seen = new Set<string>();
  const ways = [[start.path]];
  for (const way of ways) {
    for (const next of byPath.get(way.at(-1) ?? '')?.imports ?? []) {
      if (next === start.path) return [...way, next];
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

describe('layers', () => {
  it('cover every folder of src, and name no other', () => {
    const used = new Set(files.map(({ path }) => layerOf(path)));
    expect(Object.keys(layers).filter((layer) => !used.has(layer))).toEqual([]);
  });

  it('have one direction', () => {
    expect(files.flatMap(importsUpwards)).toEqual([]);
  });

  it('have no circle, type-only imports included', () => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const circles = files.flatMap((file) => circleFrom(file, byPath)?.join(' -> ') ?? []);
    expect(circles).toEqual([]);
  });

  it('open healing to what changes a layout, and to nobody else', () => {
    const healing = 'layout/healing';
    const importers = files.filter(({ imports }) => imports.some((imported) => layerOf(imported) === healing));
    const others = importers.filter(({ path }) => layerOf(path) !== healing);
    expect(new Set(others.map(({ path }) => layerOf(path)))).toEqual(new Set(['layout/changes']));
  });

  it('leave files to storage, to the reading of settings, and to the command line', () => {
    const touching = files.filter(({ builtIn }) => builtIn.some((name) => /^node:fs(?:\/|$)/.test(name)));
    const wrong = touching.filter(({ path }) => !touchesFiles.includes(path.split('/')[0] ?? ''));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});
