// The token server that a Bearer challenge names (distribution, Token Authentication Specification and OAuth2).
import { z } from 'zod';
import { printableText } from '../oci/printable-text.ts';
import { basicAuthorization, type Credentials } from './credentials.ts';
import type { RegistryAddress } from './registry-address.ts';
import { RemoteError } from './remote-error.ts';
import { refusalOf } from './response-error.ts';
import { retrying } from './retrying.ts';
import type { HttpRequest, Transport } from './transport.ts';

export interface TokenRequest {
  readonly registry: RegistryAddress;
  readonly realm: string;
  readonly service: string | undefined;
  readonly scope: string;
  /** Undefined asks for an anonymous token, which public repositories accept. */
  readonly credentials: Exclude<Credentials, { kind: 'registry-token' }> | undefined;
}

const maxTokenBytes = 1024 * 1024;
const tokenSchema = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() });

/** Throws RegistryError UNAUTHORIZED or DENIED when the token server refuses. */
export async function fetchToken(transport: Transport, request: TokenRequest): Promise<string> {
  const { registry } = request;
  const asked = httpRequestOf(request, realmOf(request));
  return retrying(transport.options, async () => {
    const answer = await transport.send(asked);
    if (answer.status !== 200) {
      throw await refusalOf(answer, {
        sought: refusedBy(answer.status, asked.url.host, request),
        unknown: 'UNAUTHORIZED',
      });
    }
    const token = tokenIn((await answer.bytes(maxTokenBytes)).toString('utf8'));
    if (token === undefined) throw new RemoteError(registry.host, `its token server ${asked.url.host} sent no token`);
    return token;
  });
}

function refusedBy(status: number, server: string, { registry, credentials }: TokenRequest): string {
  if (status !== 401 || credentials?.kind !== 'password') return `no token for ${registry.host} from ${server}`;
  return `${server} does not take the login of ${printableText(credentials.username)} for ${registry.host}`;
}

/** Passwords go over plain HTTP only where the registry itself is plain. */
function realmOf({ realm, registry }: TokenRequest): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const allowed = registry.url.protocol === 'http:' ? ['http:', 'https:'] : ['https:'];
  if (url !== undefined && allowed.includes(url.protocol)) return url;
  throw new RemoteError(registry.host, 'the address of its token server is not an HTTPS URL');
}

function httpRequestOf({ service, scope, credentials }: TokenRequest, url: URL): HttpRequest {
  if (credentials?.kind === 'identity-token') {
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'moorage', scope });
    form.set('refresh_token', credentials.token);
    if (service !== undefined) form.set('service', service);
    return { url, headers: {}, form };
  }
  const asked = new URL(url);
  if (service !== undefined) asked.searchParams.set('service', service);
  // A challenge may name several scopes, separated by spaces.
  for (const each of scope.split(' ')) asked.searchParams.append('scope', each);
  if (credentials === undefined) return { url: asked, headers: {} };
  return { url: asked, headers: { authorization: basicAuthorization(credentials.username, credentials.password) } };
}

function tokenIn(body: string): string | undefined {
  const parsed = tokenSchema.safeParse(jsonOf(body));
  const token = parsed.success ? parsed.data.token || parsed.data.access_token : undefined;
  // It becomes a header: what cannot stand in one is no token.
  return token !== undefined && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
