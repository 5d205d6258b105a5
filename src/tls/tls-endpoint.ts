// What TLS needs to know, from the files of `server.tls`: asked for at each new connection, and once in a while for what there is to tell.
import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { type Clock, systemClock } from '../storage/clock.ts';
import type { ReadSharing } from '../storage/filesystem/read-sharing.ts';
import type { Log } from '../storage/log.ts';
import { ClientAuthorities } from './client-authorities.ts';
import { CertifiedClients } from './client-certificates.ts';
import type { ClientUserRule } from './client-user-rules.ts';
import type { Certificates, KeyPair } from './key-pair.ts';
import { ServedPair } from './served-pair.ts';
import { shownName } from './shown-name.ts';

export interface TlsEndpointOptions {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
  /** Path of a PEM file with the CAs of clients; undefined: none is asked for a certificate. */
  readonly clientCA?: string | undefined;
  /** Undefined: there are no other processes of the server. */
  readonly sharing?: ReadSharing | undefined;
  readonly clientUsers?: readonly ClientUserRule[] | undefined;
  /** Whether clients may choose HTTP/2. */
  readonly http2: boolean;
  readonly log: Log;
  readonly clock?: Clock;
}

/** So that a certificate which ends is told of where nobody connects. */
const lookEveryMs = 60_000;
/** One that is asked for nothing must not miss what the others saw. */
const lookForOthersEveryMs = 1_000;

export class TlsEndpoint {
  readonly #pair: ServedPair;
  readonly #timer: NodeJS.Timeout;
  readonly #authorities: ClientAuthorities | undefined;
  /** Undefined: none is asked for a certificate. */
  readonly clients: CertifiedClients | undefined;
  readonly http2: boolean;
  #madeOf: readonly [KeyPair, Certificates | undefined];
  #context: SecureContextOptions;

  /** Throws a TlsFileError. */
  constructor({
    certificate,
    key,
    clientCA,
    sharing,
    clientUsers,
    http2,
    log,
    clock = systemClock,
  }: TlsEndpointOptions) {
    this.http2 = http2;
    this.#pair = new ServedPair({ certificate, key, log, clock });
    if (clientCA !== undefined) {
      this.#authorities = new ClientAuthorities({ path: clientCA, sharing, log, clock });
      this.clients = new CertifiedClients({ authorities: this.#authorities, rules: clientUsers, clock });
    }
    this.#madeOf = [this.#pair.current(), this.#authorities?.current()];
    this.#context = contextOf(...this.#madeOf);
    this.#timer = setInterval(() => this.current(), sharing === undefined ? lookEveryMs : lookForOthersEveryMs).unref();
  }

  /** The same object for as long as nothing changed. */
  current(): SecureContextOptions {
    const [pair, authorities] = [this.#pair.current(), this.#authorities?.current()];
    if (pair !== this.#madeOf[0] || authorities !== this.#madeOf[1]) {
      this.#madeOf = [pair, authorities];
      this.#context = contextOf(pair, authorities);
    }
    return this.#context;
  }

  /** What clients type to reach it: the first of `wanted` that the certificate covers, or a name of its own; undefined without one. */
  nameAmong(wanted: readonly string[]): string | undefined {
    return shownName(this.#pair.current().own, wanted);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function contextOf({ certificate, key }: KeyPair, authorities: Certificates | undefined): SecureContextOptions {
  return {
    ...{ cert: certificate, key },
    // A connection that goes on with the keys of an earlier one shows no certificate anew, and of its chain only the client's own is left.
    ...(authorities === undefined ? {} : { ca: authorities.pem, secureOptions: constants.SSL_OP_NO_TICKET }),
    // Older versions are broken (RFC 8996), and no client of registries that is in use needs them.
    minVersion: 'TLSv1.2',
  };
}
