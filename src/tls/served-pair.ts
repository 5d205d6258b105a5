// The certificate and key that new connections are answered with: read from two files, and read anew when those change.
import type { Clock } from '../storage/clock.ts';
import { type FileState, WatchedFile } from '../storage/filesystem/watched-file.ts';
import type { Log } from '../storage/log.ts';
import { type KeyPair, type KeyPairProblem, parseKeyPair } from './key-pair.ts';
import { TlsFileError } from './tls-file-error.ts';
import { holdsAt, noticeAt } from './validity.ts';

export interface ServedPairOptions {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** A chain has some kilobytes. */
const maxBytes = 1024 * 1024;

/** Whoever replaces two files is between them for a moment. What is wrong for longer is told. */
const patienceMs = 2_000;

/** What the files are now, when it is not what is served. */
interface NextPair {
  readonly outcome: KeyPair | KeyPairProblem;
  readonly sinceMs: number;
  isTold: boolean;
}

export class ServedPair {
  readonly #certificate: WatchedFile;
  readonly #key: WatchedFile;
  readonly #log: Log;
  readonly #clock: Clock;
  #pair: KeyPair;
  #seen: readonly [FileState, FileState];
  #candidate: NextPair | undefined;
  #told: string | undefined;

  /** Throws a TlsFileError. One that has expired is served: a clock that is wrong must not keep a site down. */
  constructor({ certificate, key, log, clock }: ServedPairOptions) {
    this.#certificate = new WatchedFile(certificate, { maxBytes, clock });
    this.#key = new WatchedFile(key, { maxBytes, clock });
    this.#log = log;
    this.#clock = clock;
    this.#seen = this.#look();
    const pair = pairOf(this.#seen);
    if ('reason' in pair) throw new TlsFileError(this.#textOf(pair));
    this.#pair = pair;
    this.#tellOfLifetime();
  }

  /** The same object for as long as it is the same pair. */
  current(): KeyPair {
    const [certificate, key] = this.#look();
    if (certificate !== this.#seen[0] || key !== this.#seen[1]) {
      this.#seen = [certificate, key];
      const outcome = pairOf(this.#seen);
      this.#candidate = { outcome, sinceMs: this.#clock.elapsed(), isTold: false };
    }
    if (this.#candidate !== undefined) this.#consider(this.#candidate);
    this.#tellOfLifetime();
    return this.#pair;
  }

  #look(): readonly [FileState, FileState] {
    return [this.#certificate.current(), this.#key.current()];
  }

  /** What cannot be used never replaces what can, nor what has expired what has not. */
  #consider(candidate: NextPair): void {
    const { outcome, sinceMs } = candidate;
    const nowMs = this.#clock.now();
    if ('reason' in outcome) {
      if (this.#clock.elapsed() - sinceMs < patienceMs) return;
      this.#tellOnce(candidate, this.#textOf(outcome));
    } else if (isSame(outcome, this.#pair)) {
      this.#candidate = undefined;
    } else if (holdsAt(outcome.lifetime, nowMs) || !holdsAt(this.#pair.lifetime, nowMs)) {
      this.#pair = outcome;
      this.#candidate = undefined;
      this.#log.info('the certificate was replaced', { until: new Date(outcome.lifetime.untilMs).toISOString() });
    } else this.#tellOnce(candidate, `${this.#certificate.path}: ${noticeAt(outcome.lifetime, nowMs)}`);
  }

  #tellOnce(candidate: NextPair, problem: string): void {
    if (candidate.isTold) return;
    candidate.isTold = true;
    this.#log.warn('the certificate stays the one that was read before', { problem });
  }

  #tellOfLifetime(): void {
    const notice = noticeAt(this.#pair.lifetime, this.#clock.now());
    if (notice === this.#told) return;
    this.#told = notice;
    if (notice !== undefined) this.#log.warn(notice, { file: this.#certificate.path });
  }

  #textOf({ at, reason }: KeyPairProblem): string {
    const { path } = at === 'key' ? this.#key : this.#certificate;
    return `server.tls.${at} (${path}): ${reason}`;
  }
}

function pairOf([certificate, key]: readonly [FileState, FileState]): KeyPair | KeyPairProblem {
  if (certificate.kind === 'unusable') return { at: 'certificate', reason: certificate.reason };
  if (key.kind === 'unusable') return { at: 'key', reason: key.reason };
  return parseKeyPair(certificate.bytes, key.bytes);
}

function isSame(one: KeyPair, other: KeyPair): boolean {
  return one.certificate === other.certificate && one.key === other.key;
}
