// Where on this machine that lies what somebody wrote: a NAME is a repository of --root, a PATH a directory. The one answer for every
// command that changes or measures what is there; a command that deletes must not do so where nobody meant.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathKindIfAny } from '../mounts/path-kind.ts';
import { SourceError } from '../transfer/source-error.ts';
import {
  isWrittenAsPath,
  type PathReference,
  parseSourceReference,
  type RootReference,
  type SourceReference,
  WrongReferenceError,
} from '../transfer/source-reference.ts';
import { type AskedFrom, surroundingsOnDisk } from '../transfer/surroundings-on-disk.ts';
import { type JournalPlace, journalPlace } from './journal-place.ts';

/**
 * As every command reads it, but refused where it may be a directory or a repository of the root, and these are two (WrongReferenceError), or
 * where --root is written and has no such repository (SourceError): for what changes one of them.
 */
export function parseMeant(text: string, options: AskedFrom): SourceReference {
  const parsed = parseSourceReference(text, surroundingsOnDisk(options));
  if (parsed.kind !== 'path' || isWrittenAsPath(text)) return parsed;
  const { path } = parsed;
  if (options.isRootGiven && pathKindIfAny(path) !== 'archive') throw noRepository(path, options.root);
  const named = join(options.root, path);
  if (resolve(named) === resolve(path) || !existsSync(named)) return parsed;
  throw new WrongReferenceError(
    `"${path}" is a directory here, and ${options.root} has one as well: write ./${path} for the one here, or --root ${options.root} for the other`,
  );
}

/** A repository, several that a name begins with, or a directory: no image and no registry elsewhere. Throws WrongReferenceError, SourceError. */
export function repositoriesMeant(text: string, options: AskedFrom): JournalPlace {
  const parsed = parseMeant(text, options);
  if (parsed.kind === 'remote') throw new WrongReferenceError(`"${text}" is in a registry: go where its directory is`);
  if (parsed.reference !== undefined)
    throw new WrongReferenceError(`"${text}" names an image: write its repository, or a directory`);
  if (parsed.kind === 'path' && parsed.within !== undefined && pathKindIfAny(parsed.path) === 'layout')
    throw new WrongReferenceError(`${parsed.path} is one layout, whose repositories share their blobs: name it alone`);
  return placeOf(parsed, options.root);
}

/** Throws SourceError for what is not there. */
export function placeOf(parsed: PathReference | RootReference, root: string): JournalPlace {
  if (parsed.kind === 'path') {
    const { path } = parsed;
    const kind = pathKindIfAny(path);
    if (kind === 'archive') throw new SourceError(`${path} is an archive: it is only read, and has no history`);
    if (kind === 'absent') throw new SourceError(`there is no layout or directory of layouts at ${path}`);
    return journalPlace(path);
  }
  const { name } = parsed;
  if (pathKindIfAny(root) === 'absent')
    throw new SourceError(
      `"${name}" is looked for below ${root}, which does not exist; write ./${name} for a path, or another --root DIR`,
    );
  return { root, within: name };
}

/** All of the root. Throws SourceError where there is none. */
export function wholeRoot(root: string): JournalPlace {
  if (pathKindIfAny(root) === 'absent')
    throw new SourceError(`there is no ${root} here; name a directory, or write another --root DIR`);
  return { root, within: '' };
}

/** What to say where a name below the root is not there: a directory of that name here may be what was meant. */
export function noRepository(place: string, root: string): SourceError {
  const instead = !isWrittenAsPath(place) && existsSync(place) ? `; write ./${place} for the directory here` : '';
  return new SourceError(`there is no repository ${place} in ${root}${instead}`);
}
