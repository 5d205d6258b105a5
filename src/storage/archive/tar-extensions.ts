// What extends the header that follows: PAX records (POSIX 2001, pax: "pax Header Block") and the long names of GNU tar.
import { nameInRecords } from './sparse-map.ts';
import { type SparseRecords, TarDamageError, type TarHeader } from './tar-header.ts';

/** The PAX records that we obey; the others (times, owners, extended attributes) say nothing about where bytes are. */
export interface PaxRecords {
  readonly values: ReadonlyMap<string, string>;
  readonly sparse: SparseRecords['records'];
}

const obeyed = new Set(['path', 'linkpath', 'size']);
const sparsePrefix = 'GNU.sparse.';
const newline = 0x0a;
const none: PaxRecords = { values: new Map(), sparse: [] };

/** Records are `<length> <key>=<value>\n`, the length counting itself. Throws TarDamageError. */
export function parsePaxRecords(body: Buffer): PaxRecords {
  const values = new Map<string, string>();
  const sparse: (readonly [string, string])[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(' ', at);
    const length = space === -1 ? '' : body.toString('latin1', at, Math.min(space, at + 12));
    const end = /^[1-9][0-9]*$/.test(length) ? at + Number(length) : Number.NaN;
    const equals = body.indexOf('=', space);
    if (!(end <= body.length) || body[end - 1] !== newline || equals === -1 || equals >= end) {
      throw new TarDamageError('a PAX header is malformed');
    }
    const key = body.toString('utf8', space + 1, equals);
    const value = body.toString('utf8', equals + 1, end - 1);
    if (obeyed.has(key)) values.set(key, value);
    else if (key.startsWith(sparsePrefix)) sparse.push([key.slice(sparsePrefix.length), value]);
    at = end;
  }
  return { values, sparse };
}

/** The text of a GNU long name, up to its NUL. */
export function parseLongName(body: Buffer): string {
  const nul = body.indexOf(0);
  return body.toString('utf8', 0, nul === -1 ? body.length : nul);
}

/** What holds for one header: PAX records of its own over long names of GNU over global records over the header itself. */
export class HeaderExtensions {
  #global: PaxRecords = none;
  #own: PaxRecords = none;
  #longPath: string | undefined;
  #longLinkPath: string | undefined;

  /** A map of one member says nothing of all. */
  addGlobal({ values }: PaxRecords): void {
    this.#global = joined(this.#global, { values, sparse: [] });
  }

  addOwn(records: PaxRecords): void {
    this.#own = joined(this.#own, records);
  }

  setLongPath(path: string): void {
    this.#longPath = path;
  }

  setLongLinkPath(path: string): void {
    this.#longLinkPath = path;
  }

  /** The header as it is meant. Forgets all but the global records. */
  applyTo(header: TarHeader): TarHeader {
    // Most headers have none: an archive may have a million.
    if (
      this.#own === none &&
      this.#global === none &&
      this.#longPath === undefined &&
      this.#longLinkPath === undefined
    ) {
      return header;
    }
    const size = this.#record('size');
    // A map of one member says nothing of the next.
    const sparse = this.#own.sparse.length === 0 ? undefined : { records: this.#own.sparse };
    const name = sparse && nameInRecords(sparse);
    const extended = {
      ...header,
      path: name ?? this.#record('path', this.#longPath) ?? this.#longPath ?? header.path,
      linkPath: this.#record('linkpath', this.#longLinkPath) ?? this.#longLinkPath ?? header.linkPath,
      size: size === undefined ? header.size : parseSize(size),
      sparse,
    };
    this.#own = none;
    this.#longPath = undefined;
    this.#longLinkPath = undefined;
    return extended;
  }

  /** An own record without a value takes back the global one. A long name of GNU is nearer than a global record. */
  #record(key: string, longName?: string): string | undefined {
    const value = this.#own.values.get(key) ?? (longName === undefined ? this.#global.values.get(key) : undefined);
    return value === '' ? undefined : value;
  }
}

/** A map is whole in one header: as many headers as an archive has room for must not add up in memory. */
function joined(one: PaxRecords, other: PaxRecords): PaxRecords {
  const { sparse } = other.sparse.length > 0 ? other : one;
  return { values: new Map([...one.values, ...other.values]), sparse };
}

function parseSize(text: string): number {
  const size = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size))
    throw new TarDamageError('the size in a PAX header is not a number, or is too large');
  return size;
}
