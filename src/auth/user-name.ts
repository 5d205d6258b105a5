// Names of users: what may be one, wherever it comes from.

const maxBytes = 255;

/** In rules they stand for somebody else (rights/access-rule.ts). */
const words: readonly string[] = ['anonymous', 'authenticated'];

/** Why it is none, to go on after the name; undefined when it is one. Basic credentials end a name at a colon (RFC 7617, 2). */
export function problemOfName(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (Buffer.byteLength(name) > maxBytes) return `is longer than ${maxBytes} bytes`;
  if (name.includes(':')) return 'holds a colon';
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) return 'holds characters that cannot be seen';
  if (name.trim() !== name) return 'begins or ends with a space';
  if (words.includes(name)) return 'means somebody else in rules';
  return undefined;
}
