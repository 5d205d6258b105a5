// What keeps a registry from being used at all, as one line for a person: unreachable, not trusted, not speaking the protocol.
import { isError } from '../oci/is-error.ts';

/** The registry could not be used; an answer that refuses something is a RegistryError. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';

  constructor(host: string, why: string, cause?: unknown) {
    super(`cannot use the registry ${host}: ${why}`, { cause });
  }
}

/** Worth another try: a full queue, a restart, a connection that was lost. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  /** What is thrown when all tries have failed. */
  readonly failure: Error;
  /** How long the registry asked to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(failure: Error, retryAfterMs?: number) {
    super(failure.message, { cause: failure });
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

const plainHttpHint = 'it speaks plain HTTP; write http://HOST or use --plain-http if you trust the network';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; is it running, and is the port right?',
  ENOTFOUND: 'the host name has no address',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within ten seconds',
  ETIMEDOUT: 'no connection in time',
  ECONNRESET: 'the connection was lost',
  EPIPE: 'the connection was lost',
  UND_ERR_SOCKET: 'the connection was lost',
  EAI_AGAIN: 'the host name cannot be looked up for the moment',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; NODE_EXTRA_CA_CERTS names a file to trust',
  SELF_SIGNED_CERT_IN_CHAIN: 'nobody trusted signed its certificate; NODE_EXTRA_CA_CERTS names a file to trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'nobody trusted signed its certificate; NODE_EXTRA_CA_CERTS names a file to trust',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'nobody trusted signed its certificate; NODE_EXTRA_CA_CERTS names a file to trust',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  ERR_SSL_WRONG_VERSION_NUMBER: plainHttpHint,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: plainHttpHint,
  EPROTO: plainHttpHint,
  // fetch (WHATWG, port blocking) has no code for it.
  'bad port': 'this port belongs to another protocol, and HTTP clients refuse it',
};

const transientCodes: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);

/** What `fetch`, or reading a body, failed with: a TransientError when another try may succeed, else a RemoteError. */
export function connectionError(host: string, error: unknown): RemoteError | TransientError {
  if (error instanceof RemoteError || error instanceof TransientError) return error;
  if (error instanceof StallError) return new TransientError(new RemoteError(host, error.message, error));
  const code = codeOf(error);
  const failure = new RemoteError(host, reasons[code ?? innermost(error)] ?? innermost(error), error);
  return code !== undefined && transientCodes.has(code) ? new TransientError(failure) : failure;
}

/** No byte moved for too long, or too few to be a body on its way. */
export class StallError extends Error {
  override readonly name = 'StallError';

  constructor(stallMs: number) {
    super(`no answer, or next to none, for ${stallMs / 1000} seconds`);
  }
}

/** `fetch` hides the reason in causes. */
function codeOf(error: unknown): string | undefined {
  if (!isError(error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}

function innermost(error: unknown): string {
  if (!isError(error)) return String(error);
  return isError(error.cause) ? innermost(error.cause) : error.message;
}
