// The Authorization header (RFC 9110, 11.6.2), of the two schemes that registries know.

export type Authorization =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'basic'; readonly name: string; readonly password: string }
  | { readonly scheme: 'bearer'; readonly token: string }
  | { readonly scheme: 'unknown' };

/** Tokens of identity providers have some kilobytes; parsing megabytes for nothing is what CVE-2025-30204 was about. */
const maxLength = 16 * 1024;

export function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined || header === '') return { scheme: 'none' };
  if (header.length > maxLength) return { scheme: 'unknown' };
  // By hand: a regular expression over a token takes as long as all the rest of a check (measured).
  const space = header.indexOf(' ');
  const scheme = header.slice(0, Math.max(0, space)).toLowerCase();
  const rest = header.slice(space).trim();
  if (rest === '' || rest.includes(' ') || rest.includes('\t')) return { scheme: 'unknown' };
  switch (scheme) {
    case 'basic':
      return basicOf(rest);
    case 'bearer':
      return { scheme: 'bearer', token: rest };
    default:
      return { scheme: 'unknown' };
  }
}

/**
 * Without a name and a password it is nobody's: what both conformance suites send, `Basic Og==`, when they have no credentials.
 * A name holds no colon, a password may (RFC 7617, 2). The charset is UTF-8, as all clients use it.
 */
function basicOf(encoded: string): Authorization {
  if (!/^[\w+/-]+={0,2}$/.test(encoded)) return { scheme: 'unknown' };
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return { scheme: 'unknown' };
  const [name, password] = [text.slice(0, colon), text.slice(colon + 1)];
  return name === '' && password === '' ? { scheme: 'none' } : { scheme: 'basic', name, password };
}
