// Changes to a htpasswd file: one line comes, goes or is another; all other lines stay byte for byte, in their order.
import type { PasswordHash } from './password-hash.ts';

/** Each byte a character: what is not ours is not read. */
const encoding = 'latin1';

export interface HtpasswdEdit {
  readonly bytes: Buffer;
  /** Whether the user had a line before, also one that no server takes. */
  readonly wasThere: boolean;
}

export function withUser(now: Buffer, name: string, hash: PasswordHash): HtpasswdEdit {
  const lines = linesOf(now);
  const at = lines.findIndex((line) => isOf(line, name));
  const end = lines.some((line) => line.endsWith('\r\n')) ? '\r\n' : '\n';
  const line = Buffer.from(`${name}:${hash}${end}`).toString(encoding);
  // One line in the place of the first: of two, nobody knows which one is meant.
  const kept = lines.map((each, index) => (index === at ? line : each));
  const edited = kept.filter((each, index) => index === at || !isOf(each, name));
  return { bytes: bytesOf(at < 0 ? [...edited, line] : edited, end), wasThere: at >= 0 };
}

export function withoutUser(now: Buffer, name: string): HtpasswdEdit {
  const lines = linesOf(now);
  const kept = lines.filter((line) => !isOf(line, name));
  return { bytes: Buffer.from(kept.join(''), encoding), wasThere: kept.length < lines.length };
}

/** With their line breaks, without a byte order mark. */
function linesOf(bytes: Buffer): readonly string[] {
  const text = bytes.toString(encoding).replace(/^\xef\xbb\xbf/, '');
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function isOf(line: string, name: string): boolean {
  return line.startsWith(Buffer.from(`${name}:`).toString(encoding));
}

/** The last line of a file that somebody wrote by hand may lack its end. */
function bytesOf(lines: readonly string[], end: string): Buffer {
  return Buffer.from(lines.map((line) => (line.endsWith('\n') ? line : `${line}${end}`)).join(''), encoding);
}
