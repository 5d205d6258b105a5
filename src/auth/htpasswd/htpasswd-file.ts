// A htpasswd file: a line `NAME:HASH` for each user, as `htpasswd -B` of Apache writes it; lines that are blank or begin with # say nothing.
import { printableText } from '../../oci/printable-text.ts';
import { problemOfName } from '../user-name.ts';
import { isPasswordHash, type PasswordHash, problemOfHash } from './password-hash.ts';

/** Some 50,000 users: it is read and parsed between two requests. */
export const maxFileBytes = 4 * 1024 * 1024;

/** `text` without the line break. */
export type HtpasswdLine =
  | { readonly kind: 'user'; readonly text: string; readonly name: string; readonly hash: PasswordHash }
  | { readonly kind: 'other'; readonly text: string };

export interface HtpasswdProblem {
  /** Names the line and what to do, never what a password or a hash says. */
  readonly problem: string;
}

/** All lines, or the first that is wrong: half of a list of users would lock somebody out, or let somebody in. */
export function parseHtpasswd(bytes: Uint8Array): readonly HtpasswdLine[] | HtpasswdProblem {
  const lines: HtpasswdLine[] = [];
  const lineOf = new Map<string, number>();
  for (const [at, text] of linesOf(bytes).entries()) {
    const line = parseLine(text);
    if ('problem' in line) return { problem: `line ${at + 1}${line.problem}` };
    lines.push(line);
    if (line.kind !== 'user') continue;
    const before = lineOf.get(line.name);
    if (before !== undefined) {
      return { problem: `line ${at + 1}: ${quoted(line.name)} is in line ${before} already; remove one of them` };
    }
    lineOf.set(line.name, at + 1);
  }
  return lines;
}

/** Editors of Windows begin a file with a byte order mark. What is no UTF-8 becomes U+FFFD, which is refused where it matters. */
function linesOf(bytes: Uint8Array): readonly string[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.replace(/\r$/, ''));
}

function parseLine(text: string): HtpasswdLine | HtpasswdProblem {
  if (text.trim() === '' || text.startsWith('#')) return { kind: 'other', text };
  const colon = text.indexOf(':');
  // Shown is nothing of it: it may be a password.
  if (colon < 0) return { problem: ' is not NAME:HASH; remove it, and run "moorage user add NAME"' };
  const [name, hash] = [text.slice(0, colon), text.slice(colon + 1).trimEnd()];
  const problem = name.includes('\uFFFD') ? 'is not UTF-8' : problemOfName(name);
  if (problem !== undefined) return { problem: `: the name ${quoted(name)} ${problem}` };
  if (isPasswordHash(hash)) return { kind: 'user', text, name, hash };
  const advice = `only bcrypt is taken: moorage user add ${shellWord(name)}`;
  return { problem: `: the password of ${quoted(name)} ${problemOfHash(hash)}; ${advice}` };
}

function quoted(name: string): string {
  return `"${printableText(name, 80)}"`;
}

/** As it can be pasted into a shell. */
function shellWord(name: string): string {
  return /^[\w@%+=,./-]+$/.test(name) && !name.startsWith('-') ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
