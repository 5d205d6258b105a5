// What a layout or archive is called as a source: its repositories are named below that, and go on without it elsewhere.
import { pathKindIfAny } from '../mounts/path-kind.ts';
import { nameOfFile } from '../transfer/own-name.ts';
import { parseSourceReference, type SourceReference } from '../transfer/source-reference.ts';
import { type AskedFrom, surroundingsOnDisk } from '../transfer/surroundings-on-disk.ts';

/** As openSource reads it. */
export function parsedSource(written: string, from: AskedFrom): SourceReference {
  return parseSourceReference(written, surroundingsOnDisk(from));
}

/** Undefined for a registry, and for a directory of layouts, whose repositories have names of their own. */
export function layoutNameOf(written: string, from: AskedFrom): string | undefined {
  const parsed = parsedSource(written, from);
  if (parsed.kind !== 'path') return undefined;
  const kind = pathKindIfAny(parsed.path);
  if (kind !== 'layout' && kind !== 'archive') return undefined;
  return nameOfFile(parsed.path);
}
