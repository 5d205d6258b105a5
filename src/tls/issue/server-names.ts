// For which names and addresses a certificate is made: what may be written, and what stands in it.

import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

export interface ServerName {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const form = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`);
const longestName = 253;

/** Undefined for what is neither a host name, which may begin with `*.`, nor an address. */
export function parseServerName(written: string): ServerName | undefined {
  const plain = written.replace(/^\[(.*)\]$/, '$1');
  if (isIP(plain) !== 0) return plain.includes('%') ? undefined : { type: 'ip', value: plain };
  const host = written.replace(/^\*\./, '').replace(/\.$/, '');
  // As URLs write it; what is plain ASCII already must not be read as a part of one.
  const value = (/^[\x20-\x7e]*$/.test(host) ? host : domainToASCII(host)).toLowerCase();
  const name = written.startsWith('*.') ? `*.${value}` : value;
  // Numbers and dots alone are an address that somebody mistyped, not a name.
  if (value === '' || name.length > longestName || !form.test(name) || /^[\d.]+$/.test(value)) return undefined;
  return { type: 'dns', value: name };
}

/** Where nobody says by which names clients come: by that of this machine, and from this machine. */
export function namesOfThisMachine(hostName: string): readonly ServerName[] {
  const own = parseServerName(hostName);
  const names: readonly ServerName[] = [
    ...(own === undefined ? [] : [own]),
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
  ];
  return names.filter(({ value }, at) => names.findIndex((each) => each.value === value) === at);
}
