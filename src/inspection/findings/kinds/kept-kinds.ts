// Findings about what a registry keeps of what was pushed to it, and about its own files beside the layouts.
import type { FindingKind } from './finding-kind.ts';

const repairs =
  'moorage verify --repair puts it back where the journal, the pool or another repository has it; else push it again';

export const keptKinds = {
  'lost-manifest': {
    severity: 'error',
    hides: true,
    why: 'it was pushed here and acknowledged, and its file is gone: a pull answers MANIFEST_UNKNOWN',
    remedy: repairs,
  },
  'lost-content': {
    severity: 'error',
    hides: true,
    why: 'it was here when the image was pushed, and is gone: the image cannot be pulled',
    remedy: repairs,
  },
  'never-here': {
    severity: 'note',
    why: 'it was not here either when the image was pushed, or its index is of some platforms only: a sparse image, which the image-spec allows',
    remedy: 'nothing; a full copy brings the rest',
  },
  'deleted-child': {
    severity: 'note',
    why: 'an index lists it, and somebody deleted it: what else the index lists is served',
    remedy: 'nothing; "moorage rollback" brings it back with its tag for a while, and a push for good',
  },
  quarantined: {
    severity: 'note',
    why: 'a damaged file that was put aside when nobody had a good copy: it is never served, and never deleted by moorage',
    remedy: 'look into it, or remove it by hand together with its note',
  },
  leftover: {
    severity: 'note',
    why: 'a crash left it while something was written: nothing refers to it',
    remedy: 'nothing: a server clears it away, at its start or with the next write',
  },
  'journal-unreadable': {
    severity: 'warning',
    why: 'the journal of the repository cannot be read: what was acknowledged cannot be told from what other programs took away',
    remedy: 'nothing for what is listed; the next push begins a new journal',
  },
  'journal-cut': {
    severity: 'note',
    why: 'a record of the journal is damaged, most likely cut short by a crash',
    remedy: 'nothing: all other records count',
  },
  'form-unreadable': {
    severity: 'warning',
    why: 'the mark that says which form the files in .moorage have, and how the root began, cannot be read: least is deleted then',
    remedy: 'remove it: a server lays another with its next write, as in a root of an earlier version',
  },
  'linked-manifest': {
    severity: 'note',
    why: 'a manifest shares its bytes with another name: skopeo and crane write into manifest files that are there, and would change both',
    remedy:
      'nothing where the other name is that of a backup nobody writes to; pushed again, it becomes a file of its own',
  },
  'unshared-blob': {
    severity: 'note',
    why: 'the pool has the same bytes as another file: they take their space twice',
    remedy: 'nothing; pushed again, they are shared',
  },
  'unreadable-by-server': {
    severity: 'error',
    hides: true,
    why: 'the user that serves this directory, the owner of .moorage/id, may not read it',
    remedy: 'chown it to that user, or chmod it so that the user may',
  },
  'unwritable-by-server': {
    severity: 'warning',
    why: 'the user that serves this directory, the owner of .moorage/id, may not write in it: pushes and repairs are refused there',
    remedy: 'chown it to that user, or chmod it so that the user may',
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
