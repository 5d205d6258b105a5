// The lines in which times of pushes and pulls are kept: `push 1764150000000 v1 team/app`. A line that does not parse is none.
import { type Digest, isDigest } from '../../oci/digest.ts';
import { isTag, type Tag } from '../../oci/reference.ts';
import type { VirtualPath } from '../names/name-table.ts';

export type TagTime =
  | { readonly kind: 'push' | 'pull'; readonly path: VirtualPath; readonly tag: Tag; readonly atMs: number }
  | { readonly kind: 'pull-digest'; readonly digest: Digest; readonly atMs: number };

/** The newest of each. */
export interface KnownTimes {
  readonly pushes: ReadonlyMap<string, number>;
  readonly pulls: ReadonlyMap<string, number>;
}

/** A tag as a key of the known times; a digest is one by itself. */
export function timeKey(path: VirtualPath, tag: Tag): string {
  return `${tag} ${path}`;
}

/** Begins with an empty line: one that a crash cut short must not become a part of it. */
export function printTagTime(time: TagTime): string {
  const of = time.kind === 'pull-digest' ? time.digest : timeKey(time.path, time.tag);
  return `\n${time.kind === 'push' ? 'push' : 'pull'} ${Math.round(time.atMs)} ${of}\n`;
}

export function parseTagTimes(text: string): KnownTimes {
  const pushes = new Map<string, number>();
  const pulls = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, kind, at, first = '', rest] = /^(push|pull) (\d{1,16}) ([^ ]+)( [^ ]*)?$/.exec(line) ?? [];
    if (kind === undefined || !(rest === undefined ? isDigest(first) : isTag(first))) continue;
    const known = kind === 'push' ? pushes : pulls;
    const key = `${first}${rest ?? ''}`;
    known.set(key, Math.max(Number(at), known.get(key) ?? 0));
  }
  return { pushes, pulls };
}

/** The same in the fewest lines. */
export function printKnownTimes({ pushes, pulls }: KnownTimes): string {
  const lines = (kind: string, known: ReadonlyMap<string, number>) =>
    [...known].map(([key, at]) => `${kind} ${at} ${key}\n`);
  return [...lines('push', pushes), ...lines('pull', pulls)].join('');
}
