// What a tag did: it came to mean a manifest, another one, or none any more. And what became of manifests that left with it.
import { type Digest, isDigest } from '../../oci/digest.ts';
import { isTag, type Tag } from '../../oci/reference.ts';
import type { VirtualPath } from '../names/name-table.ts';

/**
 * Who moved it: a push or a delete through a registry, a rule of retention, another program that wrote to the directory, or an operator who
 * put back what was.
 */
export type MoveHow = 'push' | 'delete' | 'retention' | 'foreign' | 'rollback';

const hows: readonly unknown[] = ['push', 'delete', 'retention', 'foreign', 'rollback'] satisfies MoveHow[];

export function isMoveHow(value: unknown): value is MoveHow {
  return hows.includes(value);
}

/** What a tag means. */
export interface TagTarget {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of the manifest, in bytes. */
  readonly size: number;
}

/** One tag of one repository of a layout. `path` is '' for the layout's own, else the path of a virtual one with its registry host. */
export interface TagOfLayout {
  readonly path: VirtualPath;
  readonly tag: Tag;
}

export interface TagMove extends TagOfLayout {
  /** By the clock of whoever wrote: the order of the moves is that of the file, and not of these. */
  readonly atMs: number;
  readonly how: MoveHow;
  /** Undefined: there was no such tag. */
  readonly from: TagTarget | undefined;
  /** Undefined: the tag is gone. */
  readonly to: TagTarget | undefined;
}

/** A manifest that was deleted as such, with or without tags. */
export interface RemovedManifest {
  readonly atMs: number;
  readonly removed: TagTarget;
}

/** What a tag meant when its history began, or when what was before was forgotten. */
export interface KnownTag extends TagOfLayout {
  readonly sinceMs: number;
  readonly is: TagTarget;
}

export interface TargetOfTag extends TagOfLayout {
  readonly target: TagTarget;
}

/** Tags of a layout by `tagKey`. */
export type TagTargets = ReadonlyMap<string, TargetOfTag>;

/** A tag has no space in it. */
export function tagKey({ path, tag }: TagOfLayout): string {
  return `${tag} ${path}`;
}

export function isSameTarget(one: TagTarget | undefined, other: TagTarget | undefined): boolean {
  return one?.digest === other?.digest;
}

/** One that was found out later, and that no other program made. */
export function ownMove(move: TagMove): TagMove {
  return { ...move, how: move.to === undefined ? 'delete' : 'push' };
}

/** Undefined for what is none. */
export function parseTarget(json: unknown): TagTarget | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { digest, type, size } = json as { digest?: unknown; type?: unknown; size?: unknown };
  if (typeof digest !== 'string' || !isDigest(digest)) return undefined;
  if (typeof type !== 'string' || typeof size !== 'number') return undefined;
  return { digest, mediaType: type, size };
}

export function printTarget({ digest, mediaType, size }: TagTarget): object {
  return { digest, type: mediaType, size };
}

export function parseTagOfLayout({ tag, in: path = '' }: { tag?: unknown; in?: unknown }): TagOfLayout | undefined {
  if (typeof tag !== 'string' || !isTag(tag) || typeof path !== 'string') return undefined;
  return { tag, path: path as VirtualPath };
}
