// What TLS needs to know, from the files of `server.tls`: asked for at each new connection, and once in a while for what there is to tell.
import type { SecureContextOptions } from 'node:tls';
import { type Clock, systemClock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { KeyPair } from './key-pair.ts';
import { ServedPair } from './served-pair.ts';
import { shownName } from './shown-name.ts';

export interface TlsEndpointOptions {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
  readonly log: Log;
  readonly clock?: Clock;
}

/** So that a certificate which ends is told of where nobody connects. */
const lookEveryMs = 60_000;

export class TlsEndpoint {
  readonly #pair: ServedPair;
  readonly #timer: NodeJS.Timeout;
  #shown: KeyPair;
  #context: SecureContextOptions;

  /** Throws a TlsFileError. */
  constructor({ certificate, key, log, clock = systemClock }: TlsEndpointOptions) {
    this.#pair = new ServedPair({ certificate, key, log, clock });
    this.#shown = this.#pair.current();
    this.#context = contextOf(this.#shown);
    this.#timer = setInterval(() => this.#pair.current(), lookEveryMs).unref();
  }

  /** The same object for as long as nothing changed. */
  current(): SecureContextOptions {
    const pair = this.#pair.current();
    if (pair !== this.#shown) {
      this.#shown = pair;
      this.#context = contextOf(pair);
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

function contextOf({ certificate, key }: KeyPair): SecureContextOptions {
  // Older versions are broken (RFC 8996), and no client of registries that is in use needs them.
  return { cert: certificate, key, minVersion: 'TLSv1.2' };
}
