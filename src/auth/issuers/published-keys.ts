// Keys of an issuer, fetched from where it publishes them: when a token first needs them, then now and then. The last good ones stay while
// the issuer cannot be reached.

import { RegistryError } from '../../oci/error-code.ts';
import { isError } from '../../oci/is-error.ts';
import { isSafeUrl } from '../../oci/safe-url.ts';
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import { fetchText } from './fetch-text.ts';
import { type IssuerKeys, type KeySet, maxKeysBytes } from './issuer-keys.ts';
import { parseKeySet } from './parse-key-set.ts';

export interface PublishedKeysOptions {
  /** As it stands in tokens. */
  readonly issuer: string;
  /** Of the key set; undefined: as the issuer's own configuration says (OpenID Connect Discovery, 4). */
  readonly url: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

const freshForMs = 10 * 60_000;
/** Anybody can make tokens that name a key which nobody has. */
const restMs = 30_000;
const sayAgainMs = 10 * 60_000;
const mostClockDriftMs = 60_000;

export class PublishedKeys implements IssuerKeys {
  readonly #options: PublishedKeysOptions;
  #keys: KeySet | undefined;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  readonly #saidAtMs = new Map<string, number>();

  constructor(options: PublishedKeysOptions) {
    this.#options = options;
  }

  current(): KeySet | Promise<KeySet> {
    if (this.#keys === undefined) return this.renewed();
    // Nobody waits: the keys at hand are as good as they were.
    if (this.#options.clock.elapsed() - this.#fetchedAtMs > freshForMs) void this.#fetch();
    return this.#keys;
  }

  async renewed(): Promise<KeySet> {
    await this.#fetch();
    if (this.#keys !== undefined) return this.#keys;
    throw new RegistryError('UNAVAILABLE', {
      message: 'the keys of the issuer of the token cannot be fetched',
      headers: { 'Retry-After': String(restMs / 1_000) },
    });
  }

  /** Never throws: what is wrong is said in the log. */
  async #fetch(): Promise<void> {
    const nowMs = this.#options.clock.elapsed();
    if (this.#fetching === undefined) {
      if (nowMs - this.#triedAtMs < restMs) return;
      this.#triedAtMs = nowMs;
      this.#fetching = this.#fetchNow().finally(() => {
        this.#fetching = undefined;
      });
    }
    await this.#fetching;
  }

  async #fetchNow(): Promise<void> {
    try {
      const url = this.#options.url ?? (await this.#discovered());
      const { text, dateMs } = await fetchText(url, maxKeysBytes);
      const keys = parseKeySet(text);
      if (typeof keys !== 'function') throw new Error(`what ${url} answers ${keys.problem}`);
      this.#keys = keys;
      this.#fetchedAtMs = this.#options.clock.elapsed();
      this.#compareClocks(dateMs);
    } catch (error) {
      if (!isError(error)) throw error;
      const are = this.#keys === undefined ? 'no token of it is taken' : 'those that are known are used';
      this.#say(`the keys of an issuer cannot be fetched: ${are}`, { reason: error.message });
    }
  }

  async #discovered(): Promise<string> {
    const { issuer } = this.#options;
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { text } = await fetchText(url, maxKeysBytes);
    const configuration = objectOf(text);
    if (configuration.issuer !== issuer) throw new Error(`${url} is of another issuer`);
    const { jwks_uri: keys } = configuration;
    if (typeof keys !== 'string' || !isSafeUrl(keys)) throw new Error(`${url} names no HTTPS address of keys`);
    return keys;
  }

  /** The one line that a machine without a battery for its clock needs: all that its users see is 401. */
  #compareClocks(dateMs: number | undefined): void {
    if (dateMs === undefined) return;
    const aheadMs = this.#options.clock.now() - dateMs;
    if (Math.abs(aheadMs) <= mostClockDriftMs) return;
    const minutes = Math.round(Math.abs(aheadMs) / 60_000);
    const how = `${minutes} min ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
    this.#say(`the clock of this machine is ${how} that of an issuer: its tokens may be refused`, {});
  }

  #say(message: string, details: object): void {
    const { clock, log, issuer } = this.#options;
    const saidAtMs = this.#saidAtMs.get(message);
    if (saidAtMs !== undefined && clock.elapsed() - saidAtMs < sayAgainMs) return;
    this.#saidAtMs.set(message, clock.elapsed());
    log.warn(message, { issuer, ...details });
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === 'object' && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : {};
}
