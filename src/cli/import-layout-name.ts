// What a layout or archive is called as a source: its repositories are named below that, and go on without it elsewhere.
import type { Environment } from '../config/environment.ts';
import { pathKindIfAny } from '../mounts/path-kind.ts';
import { nameOfFile } from '../transfer/own-name.ts';
import { parseSourceReference, type SourceReference } from '../transfer/source-reference.ts';
import { surroundingsOnDisk } from '../transfer/surroundings-on-disk.ts';

/** As openSource reads it. */
export function parsedSource(written: string, environment: Environment): SourceReference {
  return parseSourceReference(written, surroundingsOnDisk(environment));
}

/** Undefined for a registry, and for a directory of layouts, whose repositories have names of their own. */
export function layoutNameOf(written: string, environment: Environment): string | undefined {
  const parsed = parsedSource(written, environment);
  if (parsed.kind !== 'path') return undefined;
  const kind = pathKindIfAny(parsed.path);
  if (kind !== 'layout' && kind !== 'archive') return undefined;
  return nameOfFile(parsed.path);
}
