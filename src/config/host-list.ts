// Names that a server answers to, as they are written: a list in the file, commas in the environment.

export type HostList = 'any' | readonly string[];

const name = /^[a-z0-9_](?:[\w.-]*\w)?\.?$/i;

/** Names without a port, in lower case; `any` alone means all of them. Undefined for what is neither. */
export function parseHostList(written: string | readonly string[]): HostList | undefined {
  const words = typeof written === 'string' ? written.split(',') : written;
  const names = words.map((word) => word.trim().toLowerCase().replace(/\.$/, '')).filter((word) => word !== '');
  if (names.length === 0 || !names.every((each) => name.test(each))) return undefined;
  if (!names.includes('any')) return names;
  return names.length === 1 ? 'any' : undefined;
}
