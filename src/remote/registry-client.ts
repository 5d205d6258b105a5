// Asks one registry: with authorization where it is wanted, again where that may help, and with errors that say what was sought.
import { RegistryError } from '../oci/error-code.ts';
import type { Authorizer, TokenScope } from './authorizer.ts';
import type { HttpAnswer } from './http-answer.ts';
import type { RegistryAddress } from './registry-address.ts';
import { refusalOf, type Sought } from './response-error.ts';
import { retrying } from './retrying.ts';
import type { HttpRequest, Transport, TransportOptions } from './transport.ts';

export interface Question extends Sought, Omit<HttpRequest, 'form'> {
  readonly access: TokenScope;
}

/** Lists and manifests: larger ones are refused. */
const maxDocumentBytes = 16 * 1024 * 1024;

export interface Document {
  readonly answer: HttpAnswer;
  readonly bytes: Buffer;
}

export class RegistryClient {
  readonly address: RegistryAddress;
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;

  constructor(address: RegistryAddress, transport: Transport, authorizer: Authorizer) {
    this.address = address;
    this.#transport = transport;
    this.#authorizer = authorizer;
  }

  get policy(): TransportOptions {
    return this.#transport.options;
  }

  /** `path` begins with `/v2/`. */
  urlOf(path: string): URL {
    return new URL(path, this.address.url);
  }

  /** One try; a refused one with the authorization that the registry asks for. Any status may come back. */
  async ask({ access, sought: _sought, unknown: _unknown, ...request }: Question): Promise<HttpAnswer> {
    // An upload may be taken by another host, which must not learn who we are.
    const isOurs = request.url.origin === this.address.url.origin;
    const shown = isOurs ? this.#authorizer.headersFor(access) : {};
    const first = await this.#transport.send({ ...request, headers: { ...request.headers, ...shown } });
    // A store that a redirect led to knows nothing of our tokens, and another host that took an upload may lead back to the registry.
    if (first.status !== 401 || !isOurs || first.url.origin !== this.address.url.origin) return first;
    const challenge = first.headers.get('www-authenticate');
    if (!(await this.#authorizer.respond(challenge, access, shown.authorization))) return first;
    await first.discard();
    return this.#transport.send({
      ...request,
      headers: { ...request.headers, ...this.#authorizer.headersFor(access) },
    });
  }

  /** A whole document, tried again while that may help. Throws a RegistryError unless the status is 200. */
  document(question: Question): Promise<Document> {
    return retrying(this.policy, async () => {
      const answer = await this.ask(question);
      if (answer.status !== 200) throw await this.refusal(answer, question);
      return { answer, bytes: await answer.bytes(maxDocumentBytes) };
    });
  }

  async refusal(answer: HttpAnswer, { sought, unknown, access }: Question): Promise<RegistryError> {
    const refusal = await refusalOf(answer, { sought, unknown });
    if (answer.status !== 401) return refusal;
    const advice = await this.#authorizer.advice(access);
    const { code, status } = refusal;
    return new RegistryError(code, { detail: `${sought}; ${advice}`, status, cause: refusal });
  }
}

/** To push to a repository; `from` is another one that is mounted from. */
export function pushAccess(name: string, from?: string): TokenScope {
  const scope = `repository:${name}:pull,push`;
  return { scope: from === undefined ? scope : `${scope} repository:${from}:pull`, name };
}

/** To delete from a repository: some registries have a right of its own for that, others take it for a push. */
export function deleteAccess(name: string): TokenScope {
  return { scope: `repository:${name}:pull,push,delete`, name };
}

/** To read from a repository. */
export function pullAccess(name: string): TokenScope {
  return { scope: `repository:${name}:pull`, name };
}
