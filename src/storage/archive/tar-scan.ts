// One pass over the headers of a tar. Content is skipped, never read; what is read is bounded whatever the headers say.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StorageError } from '../storage-error.ts';
import type { ArchiveFile } from './archive-file.ts';
import { type LeadingMap, leadingMap, mapInRecords, oldMap, piecesInBlock, type SparseMap } from './sparse-map.ts';
import { type Member, TarContents, type TarLimits, type UnusableMember } from './tar-contents.ts';
import { HeaderExtensions, parseLongName, parsePaxRecords } from './tar-extensions.ts';
import {
  blockBytes,
  mapGoesOnAfter,
  paddedSize,
  parseTarHeader,
  type SparseRecords,
  TarDamageError,
  type TarHeader,
} from './tar-header.ts';

export interface ScanLimits extends TarLimits {
  /** Of one PAX header or long name. */
  readonly maxExtensionBytes: number;
  /** Of all of them, and of GNU's sparse maps. */
  readonly maxExtensionBytesTogether: number;
}

export const scanLimits: ScanLimits = {
  maxMembers: 1_000_000,
  maxNameLength: 128 * 1024 * 1024,
  maxHoles: 64 * 1024 ** 3,
  maxPieces: 200_000,
  maxExtensionBytes: 1024 * 1024,
  maxExtensionBytesTogether: 1024 * 1024 * 1024,
};

export interface TarScan {
  readonly contents: TarContents;
  /** Where and why the pass could not go on: everything before that is whole. Undefined when the archive is. */
  readonly damage: { readonly at: number; readonly reason: string } | undefined;
  /** False when the file ends after a member, without the two empty blocks: it may have been cut right there. */
  readonly hasEnd: boolean;
}

/** Small members have their headers close together: one read finds many. */
const windowBytes = 32 * 1024;
/** Behind large ones a disk would read for nothing: a header and an extension of it, in one page. */
const lonelyBytes = 4 * blockBytes;
const headersPerTurn = 2_000;
/** A megabyte of records takes as long as thousands of headers. */
const extensionBytesPerTurn = 256 * 1024;
/** Links, devices, directories and FIFOs: no content follows, whatever size they name (as GNU tar and Go read them). */
const typesWithoutContent = '123456';

/** Throws a StorageError for what is beyond the limits. */
export async function scanTar(file: ArchiveFile, limits: ScanLimits = scanLimits): Promise<TarScan> {
  const pass = new HeaderPass(file, limits);
  try {
    let headers = 0;
    let read = 0;
    while (pass.step()) {
      headers += 1;
      if (headers % headersPerTurn !== 0 && pass.extensionBytes - read < extensionBytesPerTurn) continue;
      read = pass.extensionBytes;
      await nextTurn();
    }
    return { contents: pass.contents, damage: undefined, hasEnd: pass.hasEnd };
  } catch (error) {
    if (!(error instanceof TarDamageError)) throw error;
    return { contents: pass.contents, damage: { at: pass.position, reason: error.message }, hasEnd: false };
  } finally {
    pass.contents.removeImpossible();
  }
}

/** The blocks of a sparse map that follow a header, as far as they are held: all, or too many to be of use. */
interface MapBlocks {
  readonly kept: readonly Buffer[];
  readonly count: number;
}

const noBlocks: MapBlocks = { kept: [], count: 0 };

class HeaderPass {
  readonly contents: TarContents;
  position = 0;
  hasEnd = false;
  extensionBytes = 0;
  readonly #file: ArchiveFile;
  readonly #limits: ScanLimits;
  readonly #extensions = new HeaderExtensions();
  readonly #window = Buffer.allocUnsafeSlow(windowBytes);
  #windowStart = 0;
  #windowLength = 0;

  constructor(file: ArchiveFile, limits: ScanLimits) {
    this.#file = file;
    this.#limits = limits;
    this.contents = new TarContents(limits);
  }

  /** One header; false at the end of the archive. `position` stays at its start when it cannot be used. */
  step(): boolean {
    if (this.position === this.#file.size) return false;
    const header = parseTarHeader(this.#blockAt(this.position));
    if (header === undefined) return this.#end();
    const offset = this.position + blockBytes;
    this.position = this.#isExtension(header) ? this.#extend(header, offset) : this.#take(header, offset);
    return true;
  }

  /** Two empty blocks are the end; of one alone at the end of the file GNU tar only warns. */
  #end(): false {
    const next = this.position + blockBytes;
    if (next < this.#file.size && parseTarHeader(this.#blockAt(next)) !== undefined) {
      throw new TarDamageError('an empty block among the headers');
    }
    this.hasEnd = true;
    return false;
  }

  #isExtension({ type }: TarHeader): boolean {
    return 'xXgLK'.includes(type);
  }

  /** Where the next header is. */
  #extend({ type, size }: TarHeader, offset: number): number {
    const body = this.#extensionAt(offset, size);
    if (type === 'L') this.#extensions.setLongPath(parseLongName(body));
    else if (type === 'K') this.#extensions.setLongLinkPath(parseLongName(body));
    else if (type === 'g') this.#extensions.addGlobal(parsePaxRecords(body));
    else this.#extensions.addOwn(parsePaxRecords(body));
    return offset + paddedSize(size);
  }

  #take(plain: TarHeader, afterHeader: number): number {
    const header = this.#extensions.applyTo(plain);
    const further = header.oldSparse?.mapGoesOn ? this.#blocksOfMap(afterHeader) : noBlocks;
    const offset = afterHeader + further.count * blockBytes;
    const size = typesWithoutContent.includes(header.type) ? 0 : header.size;
    if (offset + size > this.#file.size) throw cutOff(this.#file);
    // The label of a volume (GNU tar -V) names nothing.
    if (header.type !== 'V') this.contents.add(header, this.#memberOf(header, offset, further));
    // The last block may lack its filling where nothing follows.
    return Math.min(offset + paddedSize(size), this.#file.size);
  }

  #blocksOfMap(start: number): MapBlocks {
    const kept: Buffer[] = [];
    const most = Math.ceil(this.#limits.maxPieces / piecesInBlock);
    for (let count = 1; ; count += 1) {
      this.#countExtension(blockBytes);
      const block = this.#blockAt(start + (count - 1) * blockBytes);
      if (kept.length < most) kept.push(Buffer.from(block));
      if (!mapGoesOnAfter(block)) return { kept, count };
    }
  }

  /** A map that cannot be read is no damage of the archive: where the next header is, is known. */
  #memberOf(header: TarHeader, offset: number, further: MapBlocks): Member | UnusableMember {
    try {
      return this.#mappedMember(header, offset, further);
    } catch (error) {
      if (!(error instanceof TarDamageError)) throw error;
      return { unusable: error.message };
    }
  }

  #mappedMember({ size, oldSparse, sparse }: TarHeader, offset: number, { kept, count }: MapBlocks): Member {
    if (count > kept.length) throw new TarDamageError(`the map of a sparse member has ${count} blocks`);
    if (oldSparse !== undefined) return sparseMember(oldMap(oldSparse.block, kept), offset, size);
    if (sparse === undefined) return { offset, size };
    const map = mapInRecords(sparse);
    if (map !== undefined) return sparseMember(map, offset, size);
    const { map: leading, bytes } = this.#leadingMap(sparse, offset, size);
    return sparseMember(leading, offset + bytes, size - bytes);
  }

  /** Most maps are short: a block first, then as much as a map may have. */
  #leadingMap(sparse: SparseRecords, offset: number, size: number): LeadingMap {
    for (const length of [blockBytes, this.#limits.maxExtensionBytes]) {
      const start = Buffer.allocUnsafe(Math.min(length, size));
      this.#countExtension(start.length);
      this.#file.readSync(start, offset);
      const found = leadingMap(start, sparse);
      if (found !== undefined) return found;
      if (start.length === size) break;
    }
    throw new TarDamageError('the map of a sparse member has no end');
  }

  #extensionAt(offset: number, size: number): Buffer {
    const { maxExtensionBytes } = this.#limits;
    if (size > maxExtensionBytes)
      throw new TarDamageError(`a header extension of more than ${maxExtensionBytes} bytes`);
    this.#countExtension(size + blockBytes);
    if (offset + size > this.#file.size) throw cutOff(this.#file);
    const body = Buffer.allocUnsafe(size);
    if (this.#file.readSync(body, offset) < size) throw cutOff(this.#file);
    return body;
  }

  #countExtension(bytes: number): void {
    this.extensionBytes += bytes;
    if (this.extensionBytes > this.#limits.maxExtensionBytesTogether) {
      throw new StorageError('too-large', 'the archive has too many header extensions');
    }
  }

  #blockAt(position: number): Buffer {
    if (position < this.#windowStart || position + blockBytes > this.#windowStart + this.#windowLength) {
      const isNear = position <= this.#windowStart + 2 * windowBytes;
      const wanted = isNear ? this.#window : this.#window.subarray(0, lonelyBytes);
      this.#windowStart = position;
      this.#windowLength = this.#file.readSync(wanted, position);
    }
    const start = position - this.#windowStart;
    if (start + blockBytes > this.#windowLength) throw cutOff(this.#file);
    return this.#window.subarray(start, start + blockBytes);
  }
}

/** `present` bytes are in the archive. */
function sparseMember({ size, pieces, stored }: SparseMap, offset: number, present: number): Member {
  if (stored > present) throw new TarDamageError('the map of a sparse member is longer than the member');
  return { offset, size, pieces };
}

function cutOff({ size }: ArchiveFile): TarDamageError {
  return new TarDamageError(`it is cut off: its last member goes beyond the end of the file at byte ${size}`);
}
