// A directory that `skopeo copy ... dir:PATH` wrote: a manifest, a version, and files that are called by their digests. No layout, and nothing
// says what the image was called; skopeo itself makes a layout of it.
import { basename, dirname, join } from 'node:path';

export function isSkopeoDirectory(names: readonly string[]): boolean {
  return (
    names.includes('manifest.json') && names.includes('version') && names.some((name) => /^[0-9a-f]{64}$/.test(name))
  );
}

/** The command that makes a layout of it, to be pasted into a shell. */
export function conversionOf(path: string): string {
  const layout = join(dirname(path), `${basename(path)}-oci`);
  return `skopeo copy ${quoted(`dir:${path}`)} ${quoted(`oci:${layout}:latest`)}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
