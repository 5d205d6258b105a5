// Writes tars for the tests of the archive driver, the wrong ones too: every field can be given as bytes.

export interface TarMember {
  readonly path: string;
  readonly content?: string | Buffer;
  /** The type flag; a regular file unless given. */
  readonly type?: string;
  readonly linkPath?: string;
  /** What the header says instead of the content's length: a number, or the field's 12 bytes. */
  readonly size?: number | Buffer;
  /** Bytes 257 to 264; ustar unless given, empty for V7. */
  readonly magic?: string;
  readonly prefix?: string;
  /** Put into the header at the end, before its sum is made. */
  readonly patch?: (header: Buffer) => void;
  /** Instead of the right sum. */
  readonly checksum?: number;
}

export const gnuMagic = 'ustar  \0';
export const v7Magic = '';

export function tarOf(...members: readonly TarMember[]): Buffer {
  return Buffer.concat([...members.map(tarMember), Buffer.alloc(1_024)]);
}

export function tarMember(member: TarMember): Buffer {
  const content = Buffer.from(member.content ?? '');
  const filling = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([tarHeader(member, content.length), content, filling]);
}

export function tarHeader(member: TarMember, contentLength = 0): Buffer {
  const header = Buffer.alloc(512);
  header.write(member.path, 0, 100);
  header.write('0000644\0', 100);
  const size = member.size ?? contentLength;
  if (typeof size === 'number') header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else size.copy(header, 124);
  header.write('00000000000\0', 136);
  header.write(member.type ?? '0', 156);
  header.write(member.linkPath ?? '', 157, 100);
  header.write(member.magic ?? 'ustar\x0000', 257);
  header.write(member.prefix ?? '', 345, 155);
  member.patch?.(header);
  header.fill(' ', 148, 156);
  const sum = member.checksum ?? header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** A PAX header of the next member, or with type `g` of all that follow. */
export function pax(records: Readonly<Record<string, string>>, type: 'x' | 'g' = 'x'): TarMember {
  const content = Object.entries(records).map(([key, value]) => paxRecord(key, value));
  return { path: 'PaxHeaders/x', type, content: content.join('') };
}

/** GNU's long name (L) or long link (K) of the next member. */
export function longName(type: 'L' | 'K', text: string): TarMember {
  return { path: '././@LongLink', type, content: `${text}\0`, magic: gnuMagic };
}

/** GNU's and star's size beyond eight octal gigabytes. */
export function base256(value: bigint): Buffer {
  const field = Buffer.alloc(12);
  field.writeBigUInt64BE(value, 4);
  field[0] = 0x80;
  return field;
}

function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
