// Writes the few kinds of tar entry an image layer of the tests needs (POSIX ustar).

const blockSize = 512;

export interface TarEntry {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly kind: 'file' | 'directory';
}

/** The header block of one entry. Times and owners are zero, so that equal content is an equal layer. */
export function tarHeader(entry: TarEntry): Buffer {
  const header = Buffer.alloc(blockSize);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(entry.path, 0, 100);
  header.write(octal(entry.mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(entry.size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write(entry.kind === 'directory' ? '5' : '0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** What follows `size` bytes of content, so that the next header starts on a block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** The end of an archive: two empty blocks. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * blockSize);
}

/** A whole archive of small files. */
export function tarArchive(files: readonly { path: string; mode: number; content: Buffer }[]): Buffer {
  const parts = files.flatMap(({ path, mode, content }) => [
    tarHeader({ path, mode, size: content.length, kind: 'file' }),
    content,
    tarPadding(content.length),
  ]);
  return Buffer.concat([...parts, tarEnd()]);
}
