// Where in an archive the layout lies: at its root, or in the one directory that `tar c mylayout` puts everything into. A root of layouts
// is told by the directory that a registry keeps in it.
import { ownDirectory } from '../own-names.ts';
import type { TarContents } from './tar-contents.ts';

/** The files that say what an archive is: of an image layout, and of `docker save` (both may be there). */
const markers = ['index.json', 'manifest.json'] as const;

/** The markers that stand in a directory of the archive. */
export function markersBelow({ members }: TarContents, base: string): readonly string[] {
  return markers.filter((marker) => members.has(base === '' ? marker : `${base}/${marker}`));
}

/** The only directory at the top when it has a marker, or is a root of ours, and the root of the archive is neither; else '', that root. */
export function layoutBase(contents: TarContents): string {
  if (markersBelow(contents, '').length > 0 || isRegistryRoot(contents, '')) return '';
  let only: string | undefined;
  for (const path of contents.members.keys()) {
    // `.DS_Store` and `._mylayout` of macOS, and `.moorage` of ours.
    if (path.startsWith('.')) continue;
    const top = path.slice(0, Math.max(0, path.indexOf('/')));
    if (top === '' || (only !== undefined && top !== only)) return '';
    only = top;
  }
  if (only === undefined) return '';
  return markersBelow(contents, only).length > 0 || isRegistryRoot(contents, `${only}/`) ? only : '';
}

function isRegistryRoot({ members }: TarContents, start: string): boolean {
  return members.has(`${start}${ownDirectory}/id`);
}
