// The entries of a tar that comes as a stream: names, sizes, modes and where links lead. Content passes by, and is never held.
import { createHash } from 'node:crypto';
import { ByteSource } from './byte-source.ts';
import { HeaderExtensions, parseLongName, parsePaxRecords } from './tar-extensions.ts';
import {
  blockBytes,
  mapGoesOnAfter,
  numberIn,
  paddedSize,
  parseTarHeader,
  TarDamageError,
  type TarHeader,
} from './tar-header.ts';

export interface StreamedEntry {
  /** As it was written. */
  readonly path: string;
  /** What a link leads to; '' for anything else. */
  readonly linkPath: string;
  /** The type flag: `0` for a file, `5` for a directory. */
  readonly type: string;
  /** Bytes, holes included. */
  readonly size: number;
  /** Permissions, with the bits for set-user-id and the like; undefined where the header says something else. */
  readonly mode: number | undefined;
  /** The same for the same content; '' where there is none. */
  readonly content: string;
}

/** A long name or PAX records of one entry. */
const maxExtensionBytes = 1024 * 1024;
/** Links, devices, directories and FIFOs: no content follows, whatever size they name (as GNU tar and Go read them). */
const typesWithoutContent = '123456';
const permissionBits = 0o7777;
/** A sixth of a kilobyte of memory for each entry matters, and nobody is harmed by two contents that are made to look the same. */
const markBytes = 12;

/** Throws TarDamageError where the tar cannot be read on; what `bytes` throws passes through. */
export async function* streamedEntries(bytes: AsyncIterable<Buffer>): AsyncGenerator<StreamedEntry> {
  const source = new ByteSource(bytes);
  const extensions = new HeaderExtensions();
  while (!(await source.isAtEnd())) {
    const block = await taken(source, blockBytes);
    const plain = parseTarHeader(block);
    // What follows the first empty block is no concern of whoever unpacks.
    if (plain === undefined) return;
    if ('xXgLK'.includes(plain.type)) {
      await extend(extensions, plain, source);
      continue;
    }
    const header = extensions.applyTo(plain);
    if (header.oldSparse?.mapGoesOn) while (mapGoesOnAfter(await taken(source, blockBytes)));
    const content = await passOver(source, header);
    // The label of a volume (GNU tar -V) names nothing.
    if (header.type === 'V') continue;
    const { path, linkPath, type } = header;
    const isLink = type === '1' || type === '2';
    yield { path, linkPath: isLink ? linkPath : '', type, size: wholeSize(header), mode: modeIn(block), content };
  }
}

async function extend(extensions: HeaderExtensions, { type, size }: TarHeader, source: ByteSource): Promise<void> {
  if (size > maxExtensionBytes) throw new TarDamageError(`a header extension of more than ${maxExtensionBytes} bytes`);
  // A copy: what is kept of it must not keep the piece of the stream that it lies in.
  const body = Buffer.from(await taken(source, size));
  await skipped(source, paddedSize(size) - size);
  if (type === 'L') extensions.setLongPath(parseLongName(body));
  else if (type === 'K') extensions.setLongLinkPath(parseLongName(body));
  else if (type === 'g') extensions.addGlobal(parsePaxRecords(body));
  else extensions.addOwn(parsePaxRecords(body));
}

/** Returns a mark of the content. */
async function passOver(source: ByteSource, { type, size }: TarHeader): Promise<string> {
  if (size === 0 || typesWithoutContent.includes(type)) return '';
  const hash = createHash('sha256');
  if (!(await source.skip(size, (piece) => hash.update(piece)))) throw cutOff();
  // The last block may lack its filling where nothing follows.
  await source.skip(paddedSize(size) - size);
  return hash.digest().toString('latin1', 0, markBytes);
}

/** The size of a sparse file is that of what is unpacked, not of what is stored (GNU tar, Sparse Formats). */
function wholeSize({ type, size, oldSparse, sparse }: TarHeader): number {
  if (typesWithoutContent.includes(type)) return 0;
  if (oldSparse !== undefined) return numberIn(oldSparse.block, 483, 495, 'size');
  const stated = sparse?.records.find(([key]) => key === 'realsize' || key === 'size')?.[1];
  return stated !== undefined && /^[0-9]{1,15}$/.test(stated) ? Number(stated) : size;
}

function modeIn(block: Buffer): number | undefined {
  try {
    return numberIn(block, 100, 108, 'mode') & permissionBits;
  } catch (error) {
    if (error instanceof TarDamageError) return undefined;
    throw error;
  }
}

async function taken(source: ByteSource, count: number): Promise<Buffer> {
  const bytes = await source.take(count);
  if (bytes === undefined) throw cutOff();
  return bytes;
}

async function skipped(source: ByteSource, count: number): Promise<void> {
  if (!(await source.skip(count))) throw cutOff();
}

function cutOff(): TarDamageError {
  return new TarDamageError('it is cut off');
}
