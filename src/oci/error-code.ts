// The error codes of the distribution spec ("Error Codes"), each with its usual status and message, and the error
// that carries one. No other file spells a code.

/** Codes a 4xx answer may carry (distribution-spec, Error Codes), and two of Docker's that only 5xx answers use. */
const errorCodes = {
  BLOB_UNKNOWN: { status: 404, message: 'blob unknown to repository' },
  BLOB_UPLOAD_INVALID: { status: 400, message: 'blob upload invalid' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, message: 'blob upload unknown to registry' },
  DIGEST_INVALID: { status: 400, message: 'provided digest did not match uploaded content' },
  MANIFEST_BLOB_UNKNOWN: { status: 400, message: 'manifest references a manifest or blob unknown to registry' },
  MANIFEST_INVALID: { status: 400, message: 'manifest invalid' },
  MANIFEST_UNKNOWN: { status: 404, message: 'manifest unknown to registry' },
  NAME_INVALID: { status: 400, message: 'invalid repository name' },
  NAME_UNKNOWN: { status: 404, message: 'repository name not known to registry' },
  SIZE_INVALID: { status: 400, message: 'provided length did not match content length' },
  UNAUTHORIZED: { status: 401, message: 'authentication required' },
  DENIED: { status: 403, message: 'requested access to the resource is denied' },
  UNSUPPORTED: { status: 405, message: 'the operation is unsupported' },
  TOOMANYREQUESTS: { status: 429, message: 'too many requests' },
  UNKNOWN: { status: 500, message: 'internal error' },
  UNAVAILABLE: { status: 503, message: 'the registry is unavailable for the moment' },
} as const satisfies Record<string, { status: number; message: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** One element of the `errors` array. `detail` is plain text: the Go types shipped with the spec decode it as a string. */
export interface ErrorEntry {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail?: string;
}

export interface RegistryErrorOptions {
  /** What the client should know about this very request; never a path or an errno. */
  readonly detail?: string;
  /** Replaces the usual message of the code. */
  readonly message?: string;
  /** Replaces the usual status of the code, e.g. 416 for BLOB_UPLOAD_INVALID. */
  readonly status?: number;
  /** Headers that belong to the answer, e.g. `Range` of a 416 or `Retry-After` of a 503. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A refusal that the client is told about: a code of the table, a status and the envelope's entries. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly entries: readonly ErrorEntry[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, options: RegistryErrorOptions = {}) {
    const message = options.message ?? errorCodes[code].message;
    super(options.detail === undefined ? message : `${message}: ${options.detail}`, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? errorCodes[code].status;
    this.entries = [options.detail === undefined ? { code, message } : { code, message, detail: options.detail }];
    this.headers = options.headers ?? {};
  }
}

/** Named in one refusal: a manifest may refer to a hundred thousand blobs, and an answer of megabytes helps nobody. */
export const maxNamed = 1_000;

/** Several entries in one answer: `MANIFEST_BLOB_UNKNOWN` names every missing descriptor (distribution-spec, Pushing Manifests), if they can be told. */
export class MissingReferencesError extends RegistryError {
  override readonly entries: readonly ErrorEntry[];

  constructor(missing: readonly string[]) {
    const more = missing.length - maxNamed;
    const details = [...missing.slice(0, maxNamed), ...(more > 0 ? [`and ${more} more`] : [])];
    super('MANIFEST_BLOB_UNKNOWN', { detail: details.join(', ') });
    const { message } = errorCodes.MANIFEST_BLOB_UNKNOWN;
    this.entries = details.map((detail) => ({ code: 'MANIFEST_BLOB_UNKNOWN', message, detail }));
  }
}
