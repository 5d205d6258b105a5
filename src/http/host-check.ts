// Whether a request means this registry by its Host. A page of evil.example whose name was made to lead to 127.0.0.1 (DNS
// rebinding) is of the same origin as the registry for its browser: only the name in the Host header tells.
import { isIP } from 'node:net';
import { RegistryError } from '../oci/error-code.ts';
import { type Authority, parseAuthority } from './authority.ts';

export interface HostSettings {
  /** `on-loopback`: while other machines cannot connect. Elsewhere clients come by names that a server cannot know. */
  readonly checked: 'always' | 'on-loopback' | 'never';
  /** Besides what nobody can make a browser take for a name of their own. */
  readonly names: readonly string[];
}

/** What a request says it is for: the Host header, and the request target as it came. */
export interface Addressed {
  readonly host: string | undefined;
  readonly target: string;
}

/** What a written Host turned out to be. */
type HostVerdict = 'ours' | 'foreign' | 'invalid';

/** Clients of one registry use a handful of values; a stranger's thousands only cost us their parsing. */
const mostRemembered = 64;
const absoluteForm = /^https?:\/\/([^/?#]*)/i;

export class HostCheck {
  readonly #names: ReadonlySet<string>;
  readonly #verdicts = new Map<string, HostVerdict>();

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.toLowerCase()));
  }

  /** Refuses with 400 what is no name at all (RFC 9112, 3.2) and, if names matter, with 421 what is somebody else's. */
  assert(addressed: Addressed, namesMatter: boolean): void {
    const written = authorityOf(addressed);
    // HTTP/1.0, or a client that has no name for us: not a browser.
    if (written === undefined || written === '') return;
    const verdict = this.#verdicts.get(written) ?? this.#judge(written);
    if (verdict === 'ours') return;
    if (verdict === 'invalid') throw invalid();
    if (namesMatter) throw misdirected(written);
  }

  #judge(written: string): HostVerdict {
    const authority = parseAuthority(written);
    // Not remembered: it may be as long as a header.
    if (authority === undefined) return 'invalid';
    const verdict = isOurs(authority, this.#names) ? 'ours' : 'foreign';
    if (this.#verdicts.size >= mostRemembered) this.#verdicts.clear();
    this.#verdicts.set(written, verdict);
    return verdict;
  }
}

/** The authority of an absolute target wins over the header (RFC 9112, 3.2.2). */
export function authorityOf({ host, target }: Addressed): string | undefined {
  return target.startsWith('/') ? host : absoluteForm.exec(target)?.[1] || host;
}

/** Addresses, names that no public DNS gives out, and what the operator named. */
export function isOurs({ host }: Authority, names: ReadonlySet<string>): boolean {
  return isIP(host) !== 0 || !host.includes('.') || /\.(?:localhost|internal)$/.test(host) || names.has(host);
}

function invalid(): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message: 'the Host header is invalid' });
}

/** What has been parsed holds nothing that would need quoting. */
function misdirected(written: string): RegistryError {
  const name = parseAuthority(written)?.host;
  return new RegistryError('UNSUPPORTED', {
    status: 421,
    message: 'the Host header names another server',
    detail: `if ${name} leads to this registry, add the name to server.hosts (MOORAGE_SERVER_HOSTS)`,
  });
}
