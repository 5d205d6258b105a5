// A tar as a stream of bytes: the same entries give the same bytes, whoever runs it and whenever.
import { type Pack, pack } from 'tar-stream';
import { isError } from '../oci/is-error.ts';

export interface ArchiveDirectory {
  readonly kind: 'directory';
  readonly path: string;
}

export interface ArchivedFile {
  readonly kind: 'file';
  readonly path: string;
  /** Bytes; `content` gives exactly as many. */
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Nothing of the machine or the moment is in it. */
const owner = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) };

/** Reads an entry when the ones before it have been taken; fails with what an entry's content fails with. */
export async function* tarBytes(entries: AsyncIterable<ArchiveDirectory | ArchivedFile>): AsyncGenerator<Uint8Array> {
  const archive = pack();
  const fed = feed(archive, entries).catch((error: unknown) => {
    archive.destroy(isError(error) ? error : new Error(String(error)));
  });
  try {
    for await (const bytes of archive) yield bytes as Uint8Array;
  } finally {
    archive.destroy();
    await fed;
  }
}

async function feed(archive: Pack, entries: AsyncIterable<ArchiveDirectory | ArchivedFile>): Promise<void> {
  for await (const entry of entries) {
    if (entry.kind === 'directory')
      await added(archive, { ...owner, name: entry.path, type: 'directory', mode: 0o755 });
    else
      await added(archive, { ...owner, name: entry.path, type: 'file', mode: 0o644, size: entry.size }, entry.content);
  }
  archive.finalize();
}

function added(
  archive: Pack,
  header: Parameters<Pack['entry']>[0],
  content: ArchivedFile['content'] = [],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = archive.entry(header, (error) => (error ? reject(error) : resolve()));
    // What goes wrong arrives through the callback.
    entry.on('error', () => {});
    writeAll(entry, content).catch((error: unknown) => {
      reject(error);
      entry.destroy(isError(error) ? error : undefined);
    });
  });
}

type Entry = ReturnType<Pack['entry']>;

async function writeAll(entry: Entry, content: ArchivedFile['content']): Promise<void> {
  for await (const bytes of content) {
    if (!entry.write(bytes)) await drained(entry);
    // Whoever reads the archive has gone: the content must not be read to its end.
    if (entry.destroyed) return;
  }
  entry.end(undefined);
}

function drained(entry: Entry): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      entry.off('drain', go).off('close', go);
      resolve();
    };
    entry.on('drain', go).on('close', go);
  });
}
