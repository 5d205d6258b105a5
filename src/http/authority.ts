// Host and port as they stand in a Host header, in an absolute request target and in an Origin (RFC 3986, 3.2).
import { isIP } from 'node:net';

export interface Authority {
  /** In lower case, without brackets and without the dot that ends a full name; '' when a Host header is empty. */
  readonly host: string;
  /** Undefined when none is written. */
  readonly port: number | undefined;
}

/** Underscores, since names of containers have them; at most what DNS allows. No user info and no escapes: no client sends them. */
const form = /^(?:\[([0-9a-f:.]{2,45}(?:%[\w.~-]{1,64})?)\]|([a-z0-9_](?:[\w.-]{0,252}\w)?\.?|))(?::(\d{0,5}))?$/i;

/** Undefined for what is no authority. */
export function parseAuthority(text: string): Authority | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, bracketed, name = '', digits = ''] = match;
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined;
  const port = digits === '' ? undefined : Number(digits);
  if (port !== undefined && port > 65_535) return undefined;
  return { host: (bracketed ?? name).toLowerCase().replace(/\.$/, ''), port };
}
