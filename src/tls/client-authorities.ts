// The CAs whose certificates clients may show: read from a file, and read anew when it changes.
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../storage/clock.ts';
import type { ReadSharing } from '../storage/filesystem/read-sharing.ts';
import { type FileState, WatchedFile } from '../storage/filesystem/watched-file.ts';
import type { Log } from '../storage/log.ts';
import { type Certificates, contextProblem, parseCertificates } from './key-pair.ts';
import { TlsFileError } from './tls-file-error.ts';
import { holdsAt, lifetimeOf } from './validity.ts';

export interface ClientAuthoritiesOptions {
  /** Path of a PEM file. */
  readonly path: string;
  /** Undefined: there are no other processes of the server. */
  readonly sharing?: ReadSharing | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

const maxBytes = 4 * 1024 * 1024;

/** A chain has a root, some CAs below it, and the client's own certificate. */
const longestChain = 10;

export class ClientAuthorities {
  readonly #file: WatchedFile;
  readonly #log: Log;
  #state: FileState;
  readonly #sharing: ReadSharing | undefined;
  #present: Certificates;
  /** The version of the file that they are from, and whether another process told of it. */
  #changedAtNs: bigint;
  #isTold = false;
  /** The version that was read last. */
  #readAtNs: bigint;

  /** Throws a TlsFileError. */
  constructor({ path, sharing, log, clock }: ClientAuthoritiesOptions) {
    this.#file = new WatchedFile(path, { maxBytes, clock });
    this.#log = log;
    this.#state = this.#file.current();
    const read = certificatesIn(this.#state);
    if ('reason' in read) throw new TlsFileError(this.#problem(read.reason));
    this.#present = read;
    this.#sharing = sharing;
    this.#changedAtNs = this.#file.changedAtNs;
    this.#readAtNs = this.#changedAtNs;
    sharing?.listen(({ bytes, changedAtNs }) => {
      if (changedAtNs <= this.#changedAtNs) return;
      const told = certificatesIn({ kind: 'read', bytes: Buffer.from(bytes) });
      if ('reason' in told) return;
      this.#take(told, changedAtNs);
      this.#isTold = true;
    });
  }

  /** The same object for as long as they are the same. What cannot be used does not replace them. */
  current(): Certificates {
    const state = this.#file.current();
    // A file may say again what it said before another process told of something else.
    const isReadAgain = this.#isTold && this.#file.changedAtNs !== this.#readAtNs;
    this.#readAtNs = this.#file.changedAtNs;
    if (state === this.#state && !isReadAgain) return this.#present;
    this.#state = state;
    const read = certificatesIn(state);
    if ('reason' in read) {
      this.#log.warn('the CAs of clients stay those that were read before', { problem: this.#problem(read.reason) });
    } else {
      this.#take(read, this.#file.changedAtNs);
      this.#isTold = false;
      if (state.kind === 'read') this.#sharing?.tell({ bytes: state.bytes, changedAtNs: this.#changedAtNs });
    }
    return this.#present;
  }

  #take(read: Certificates, changedAtNs: bigint): void {
    this.#changedAtNs = changedAtNs;
    if (read.pem === this.#present.pem) return;
    this.#present = read;
    this.#log.info('the CAs of clients were replaced', { count: read.certificates.length });
  }

  #problem(reason: string): string {
    return `server.tls.clientCA (${this.#file.path}): ${reason}`;
  }
}

function certificatesIn(state: FileState): Certificates | { readonly reason: string } {
  if (state.kind !== 'read') return state;
  const parsed = parseCertificates(state.bytes);
  if ('reason' in parsed) return parsed;
  if (!parsed.certificates.some(canVouch)) return { reason: 'it holds no certificate of a CA' };
  const problem = contextProblem({ ca: parsed.pem });
  return problem === undefined ? parsed : { reason: `it cannot be used: ${problem}` };
}

/** A certificate that signed itself vouches for its own holder at least. */
function canVouch(certificate: X509Certificate): boolean {
  return certificate.ca || certificate.checkIssued(certificate);
}

/**
 * The certificates from a client's own to one of the CAs; undefined where they lead to none. What a handshake found holds only for the
 * CAs of its time: this is how a connection that is open learns that its CA is one no more.
 */
export function chainTo(
  { certificates }: Certificates,
  own: X509Certificate,
  nowMs: number,
): readonly X509Certificate[] | undefined {
  const chain: X509Certificate[] = [];
  let at: X509Certificate | undefined = own;
  while (at !== undefined && chain.length < longestChain) {
    const subject: X509Certificate = at;
    if (certificates.some(({ fingerprint256 }) => fingerprint256 === subject.fingerprint256))
      return [...chain, subject];
    const issuer = certificates.find((each) => isIssuedBy(subject, each) && holdsAt(lifetimeOf([each]), nowMs));
    if (issuer !== undefined) return [...chain, subject, issuer];
    chain.push(subject);
    const { issuerCertificate: next } = subject;
    at =
      next !== undefined && next.fingerprint256 !== subject.fingerprint256 && isIssuedBy(subject, next)
        ? next
        : undefined;
  }
  return undefined;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
