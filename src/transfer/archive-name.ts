// What the name of a file says of the archive in it.

export type ArchiveCompression = 'none' | 'gzip' | 'zstd';

/** Undefined for what names no archive that can be written. */
export function compressionOf(path: string): ArchiveCompression | undefined {
  const name = path.toLowerCase();
  if (name.endsWith('.tar')) return 'none';
  if (name.endsWith('.tar.gz') || name.endsWith('.tgz')) return 'gzip';
  return name.endsWith('.tar.zst') ? 'zstd' : undefined;
}

const foreign =
  /\.(?:tar\.[a-z0-9]+|t(?:bz|bz2|b2|xz|lz|lz4|lzma|zst|zstd|z)|zip|7z|rar|gz|bz2|xz|zst|zstd|lz|lz4|lzma|z|br|cpio|jar|iso)$/i;

/** The extension of an archive, or of something compressed, that cannot be written here. */
export function foreignArchive(path: string): string | undefined {
  return compressionOf(path) === undefined ? foreign.exec(path)?.[0] : undefined;
}
