// Whether a page of another site is behind a request that changes something. Browsers say so by themselves (fetch.spec.whatwg.org,
// Origin header; w3.org/TR/fetch-metadata); clients of registries send neither header.
import { RegistryError } from '../oci/error-code.ts';
import { type Authority, parseAuthority } from './authority.ts';

export interface BrowserHeaders {
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | string[] | undefined;
}

/** They change nothing, and no page of another origin reads their answers unless server.cors lets it (cross-origin.ts). */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** Refuses with 403. `authority` is what the request was addressed to, as written. */
export function assertOwnOrigin(method: string, headers: BrowserHeaders, authority: string | undefined): void {
  const { origin, 'sec-fetch-site': site } = headers;
  if ((origin === undefined && site === undefined) || safeMethods.has(method)) return;
  if (site !== 'cross-site' && (origin === undefined || isOwnOrigin(origin, authority))) return;
  throw new RegistryError('DENIED', {
    detail:
      'a web page of another origin may not change this registry, unless server.cors (MOORAGE_SERVER_CORS) names it',
  });
}

/** `null` (sandboxed pages, files, redirects) is nobody's own. A proxy may speak TLS for us, so the scheme itself tells nothing. */
function isOwnOrigin(origin: string, authority: string | undefined): boolean {
  const [, scheme = '', rest = ''] = /^(https?):\/\/(.+)$/i.exec(origin) ?? [];
  const from = parseAuthority(rest);
  const to = parseAuthority(authority ?? '');
  if (from === undefined || to === undefined || from.host === '' || from.host !== to.host) return false;
  return isSamePort(from, to, defaultPorts[scheme.toLowerCase()]);
}

/** Browsers leave out the default port of the scheme in both headers. */
function isSamePort(from: Authority, to: Authority, byDefault: number | undefined): boolean {
  return (from.port ?? byDefault) === (to.port ?? byDefault);
}
