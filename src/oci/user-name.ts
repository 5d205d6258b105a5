// Names of users and groups: what a line of an htpasswd file can hold before its colon, and what a log line can show.

const longest = 255;
const written = /^[^\s:,"\\\p{C}]+$/u;

/** Undefined for what is no name. A colon would end it (RFC 7617, 2: a user-id holds none); a comma separates names in settings. */
export function parseUserName(text: string): string | undefined {
  return Buffer.byteLength(text) <= longest && written.test(text) ? text : undefined;
}
