// WWW-Authenticate (RFC 9110, 11.6.1): which ways of authentication a registry offers.

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*(?:,|$)`, 'y');
const scheme = new RegExp(`[\\s,]*(${token})(?:\\s+|,|$)`, 'y');

/** Several challenges may stand in one header. What cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  while (at < header.length) {
    scheme.lastIndex = at;
    const name = scheme.exec(header)?.[1];
    if (name === undefined) break;
    at = scheme.lastIndex;
    const parameters = new Map<string, string>();
    for (;;) {
      parameter.lastIndex = at;
      const [, key, quoted, plain] = parameter.exec(header) ?? [];
      if (key === undefined) break;
      at = parameter.lastIndex;
      parameters.set(key.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
    }
    challenges.push({ scheme: name.toLowerCase(), parameters });
  }
  return challenges;
}
