// What the TARGET of an export means: standard output, a registry, an archive or a directory. Pure: what exists is asked through a function.
import type { RepositoryName, Tag } from '../oci/reference.ts';
import { type ArchiveCompression, compressionOf, foreignArchive } from './archive-name.ts';
import { parseSourceReference, type Surroundings, WrongReferenceError } from './source-reference.ts';

export interface RegistryTarget {
  readonly kind: 'registry';
  readonly host: string;
  readonly scheme: 'http' | 'https' | undefined;
  /** Undefined where none was written: each image keeps its own. */
  readonly name: RepositoryName | undefined;
  readonly tag: Tag | undefined;
}

export type ExportTarget =
  | RegistryTarget
  | { readonly kind: 'archive'; readonly path: string; readonly compression: ArchiveCompression }
  | { readonly kind: 'directory'; readonly path: string }
  /** A plain archive on standard output. */
  | { readonly kind: 'output' };

/** Throws WrongReferenceError for what nothing can be written to. */
export function parseExportTarget(text: string, surroundings: Surroundings): ExportTarget {
  if (text === '-') return { kind: 'output' };
  if (/^(?:oci|oci-archive|docker-archive|docker-daemon|dir):/.test(text) && surroundings.lookAt(text) === 'absent') {
    throw new WrongReferenceError(
      `${text}: write the path alone; images keep their tags, or get one by --name, and --profile docker is for docker load`,
    );
  }
  if (namesRegistry(text, surroundings.lookAt)) return registryTarget(text, surroundings);
  if (surroundings.lookAt(text) === 'layout') return { kind: 'directory', path: text };
  const compression = compressionOf(text);
  if (compression !== undefined) return { kind: 'archive', path: text, compression };
  const foreign = foreignArchive(text);
  if (foreign !== undefined && surroundings.lookAt(text) !== 'root') {
    throw new WrongReferenceError(
      `${text}: archives that can be written end in .tar, .tar.gz, .tgz or .tar.zst, and not in ${foreign}`,
    );
  }
  return { kind: 'directory', path: text };
}

/** `HOST/NAME`, where HOST has a dot or a colon or is `localhost`, and is not the name of something that is there. */
function namesRegistry(text: string, lookAt: Surroundings['lookAt']): boolean {
  if (/^(?:https?|docker):\/\//i.test(text)) return true;
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  if (first === '' || first === '.' || first === '..' || first.startsWith('~')) return false;
  // A directory below one that is there may be about to be made.
  if (lookAt(text) !== 'absent' || lookAt(first) !== 'absent') return false;
  return first === 'localhost' || /[.:]/.test(first);
}

function registryTarget(text: string, surroundings: Surroundings): RegistryTarget {
  const parsed = parseSourceReference(text, { ...surroundings, lookAt: () => 'absent' });
  if (parsed.kind !== 'remote') throw new WrongReferenceError(`"${text}" names no repository of a registry`);
  const { host, scheme, name, reference } = parsed;
  if (reference !== undefined && reference.kind !== 'tag') {
    throw new WrongReferenceError(`"${text}": a target has a tag or none; digests follow from what is pushed`);
  }
  return { kind: 'registry', host, scheme, name, tag: reference?.tag };
}
