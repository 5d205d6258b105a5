// Proves to a registry who we are, in the way it asks for: Bearer tokens of a token server, anonymous ones too, or Basic.
import { printableText } from '../oci/printable-text.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicAuthorization, type CredentialSource, type Credentials, type FoundCredentials } from './credentials.ts';
import type { RegistryAddress } from './registry-address.ts';
import { fetchToken } from './token-server.ts';
import type { Transport } from './transport.ts';

/** What a request needs: `repository:team/app:pull` or `registry:catalog:*` (distribution, Token Scope Documentation). */
export interface TokenScope {
  readonly scope: string;
  /** The repository, or ''. */
  readonly name: string;
}

export class Authorizer {
  readonly #transport: Transport;
  readonly #address: RegistryAddress;
  readonly #source: CredentialSource;
  /** Authorization headers by scope. */
  readonly #headers = new Map<string, string>();
  /** Tokens that are being fetched, by scope. */
  readonly #pending = new Map<string, Promise<string | undefined>>();
  readonly #found = new Map<string, Promise<FoundCredentials>>();

  constructor(transport: Transport, address: RegistryAddress, source: CredentialSource) {
    this.#transport = transport;
    this.#address = address;
    this.#source = source;
  }

  headersFor({ scope }: TokenScope): Readonly<Record<string, string>> {
    const authorization = this.#headers.get(scope);
    return authorization === undefined ? {} : { authorization };
  }

  /**
   * Acts on the challenge of a 401; `refused` is the Authorization that was sent. False when there is no answer to it. Requests
   * that are refused together share one new token. Throws when the token server refuses.
   */
  async respond(header: string | null, access: TokenScope, refused: string | undefined): Promise<boolean> {
    const { scope } = access;
    if (this.#headers.get(scope) !== refused) return true;
    const pending = this.#pending.get(scope) ?? this.#answer(header, access).finally(() => this.#pending.delete(scope));
    this.#pending.set(scope, pending);
    const authorization = await pending;
    // What was just refused is refused again.
    return authorization !== undefined && authorization !== refused;
  }

  /** What may help whoever was refused: why there were no credentials to show, or whose were not enough. */
  async advice(access: TokenScope): Promise<string> {
    const { problem, credentials } = await this.#credentials(access);
    if (problem !== undefined) return problem;
    const { host } = this.#address;
    if (credentials === undefined) return `docker login ${host}, or podman login ${host}, may help`;
    return credentials.kind === 'password'
      ? `the login of ${printableText(credentials.username)} is not enough`
      : `the login at ${host} is not enough`;
  }

  async #answer(header: string | null, access: TokenScope): Promise<string | undefined> {
    const challenges = header === null ? [] : parseChallenges(header);
    const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
    const { credentials } = await this.#credentials(access);
    const authorization =
      bearer === undefined ? basicOf(challenges, credentials) : await this.#bearer(bearer, access, credentials);
    if (authorization !== undefined) this.#headers.set(access.scope, authorization);
    return authorization;
  }

  async #bearer({ parameters }: Challenge, { scope }: TokenScope, credentials: Credentials | undefined) {
    if (credentials?.kind === 'registry-token') return `Bearer ${credentials.token}`;
    const token = await fetchToken(this.#transport, {
      registry: this.#address,
      realm: parameters.get('realm') ?? '',
      service: parameters.get('service'),
      // A challenge names what the one request wants, which at first is to read; whoever pushes will want more.
      scope: isForPushing(scope) ? scope : (parameters.get('scope') ?? scope),
      credentials,
    });
    return `Bearer ${token}`;
  }

  #credentials({ name }: TokenScope): Promise<FoundCredentials> {
    const found = this.#found.get(name) ?? this.#source(this.#address.host, name);
    this.#found.set(name, found);
    return found;
  }
}

function isForPushing(scope: string): boolean {
  return scope.includes(',push');
}

function basicOf(challenges: readonly Challenge[], credentials: Credentials | undefined): string | undefined {
  if (credentials?.kind !== 'password' || !challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
  return basicAuthorization(credentials.username, credentials.password);
}
