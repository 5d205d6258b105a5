// The keys of this root's tokens: made at the first start, rotated, and shared by all its processes through their files.
import type { Clock } from '../../storage/clock.ts';
import type { PrivateDirectory } from '../../storage/filesystem/private-directory.ts';
import type { Log } from '../../storage/log.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { lastDueMs, planOf } from './key-rotation.ts';
import { derivedKey, isKid, newSigningKey, parseKey, type SigningKey, writtenKey } from './signing-key.ts';

export interface SigningKeysOptions {
  /** Undefined: keys are kept in memory, and tokens end with the process. */
  readonly directory: PrivateDirectory | undefined;
  /** What the processes of one server know, and nobody else: keys in memory are made of it, so that each takes the tokens of the others. */
  readonly seed?: Uint8Array | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long another process's new key, or that one is gone, may be unknown. */
const lookEveryMs = 1_000;
/** After a key could not be made. */
const tryAgainMs = 60_000;

export class SigningKeys {
  readonly #options: SigningKeysOptions;
  readonly #keys = new Map<string, SigningKey>();
  /** Keys that could not be written, or are not meant to be. */
  readonly #inMemory = new Set<string>();
  readonly #refused = new Set<string>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #making: Promise<void> | undefined;
  #removing: Promise<void> | undefined;
  #version = 0;

  private constructor(options: SigningKeysOptions) {
    this.#options = options;
  }

  /** Throws a StorageError, which says what to do, for a file that is damaged, that we may not read, or that others could have. */
  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const keys = new SigningKeys(options);
    keys.#look((error) => {
      throw error;
    });
    await keys.signing();
    return keys;
  }

  /** Another one as soon as a key is gone: what was verified with it holds no more. */
  get version(): number {
    this.#lookAgain();
    return this.#version;
  }

  /** Found among our own keys by its name, and nowhere else: a token brings no key along (CVE-2025-24976 of distribution). */
  find(kid: string): SigningKey | undefined {
    this.#lookAgain();
    return this.#keys.get(kid) ?? this.#sharedInMemory(kid);
  }

  /** The one to sign with. A new one is made when it is time, or when somebody deleted them all. */
  async signing(): Promise<SigningKey> {
    this.#lookAgain();
    const { signing, isNewDue } = this.#plan();
    if (!isNewDue || (signing !== undefined && this.#failedLately())) return this.#some(signing);
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    await this.#making;
    return this.#some(this.#plan().signing);
  }

  #some(key: SigningKey | undefined): SigningKey {
    if (key === undefined) throw new Error('there is no key to sign with');
    return key;
  }

  #plan() {
    return planOf(this.#keys.values(), this.#options.clock.now());
  }

  #lookAgain(): void {
    if (this.#options.clock.elapsed() - this.#lookedAtMs < lookEveryMs) return;
    this.#look(({ message }) => {
      if (this.#refused.has(message)) return;
      this.#refused.add(message);
      this.#options.log.warn('a key of tokens is not used', { reason: message });
    });
    this.#tidy();
  }

  /** Nothing changes while the directory is away: a volume that is unmounted for a moment takes nobody's token. */
  #look(refuse: (error: StorageError) => void): void {
    const { directory, clock } = this.#options;
    this.#lookedAtMs = clock.elapsed();
    if (directory === undefined) return;
    const kids = unlessRefused(() => directory.names()?.filter(isKid), refuse);
    if (kids === undefined) return;
    for (const kid of kids) {
      if (this.#keys.has(kid)) continue;
      const key = unlessRefused(() => keyIn(directory, kid), refuse);
      if (key !== undefined) this.#keys.set(kid, key);
    }
    for (const kid of this.#keys.keys()) {
      if (!this.#inMemory.has(kid) && !kids.includes(kid)) this.#drop(kid);
    }
  }

  #drop(kid: string): void {
    this.#keys.delete(kid);
    this.#inMemory.delete(kid);
    this.#version += 1;
  }

  /** Where it cannot be written, it serves this process alone: nobody is kept out by a full disk. */
  async #make(): Promise<void> {
    const { directory, clock, log } = this.#options;
    const key = newSigningKey(clock.now());
    try {
      if (directory === undefined) return this.#keepInMemory(this.#shared() ?? key);
      await directory.create(key.kid, writtenKey(key));
      this.#keys.set(key.kid, key);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#failedAtMs = clock.elapsed();
      const reason = error.message;
      log.warn('a new key of tokens could not be stored', { reason });
      if (this.#plan().signing !== undefined) return;
      log.warn('tokens are signed with a key in memory: they end with this process, and no other one takes them', {});
      this.#keepInMemory(this.#shared() ?? key);
    }
  }

  #keepInMemory(key: SigningKey): void {
    this.#inMemory.add(key.kid);
    this.#keys.set(key.kid, key);
  }

  /** Undefined where there is no other process. */
  #shared(): SigningKey | undefined {
    const { seed, clock } = this.#options;
    return seed && derivedKey(seed, lastDueMs(clock.now()));
  }

  /** Another process may have been the first to need it. */
  #sharedInMemory(kid: string): SigningKey | undefined {
    const key = this.#shared();
    if (key?.kid !== kid) return undefined;
    this.#keepInMemory(key);
    return key;
  }

  #failedLately(): boolean {
    return this.#options.clock.elapsed() - this.#failedAtMs < tryAgainMs;
  }

  #tidy(): void {
    const { over } = this.#plan();
    if (over.length === 0 || this.#removing !== undefined || this.#failedLately()) return;
    this.#removing = this.#remove(over).finally(() => {
      this.#removing = undefined;
    });
  }

  async #remove(keys: readonly SigningKey[]): Promise<void> {
    const { directory, clock, log } = this.#options;
    try {
      for (const { kid } of keys) {
        if (!this.#inMemory.has(kid)) await directory?.remove(kid);
        if (this.#keys.has(kid)) this.#drop(kid);
      }
    } catch (error) {
      this.#failedAtMs = clock.elapsed();
      log.warn('an old key of tokens could not be removed', { error });
    }
  }
}

function keyIn(directory: PrivateDirectory, kid: string): SigningKey | undefined {
  const text = directory.read(kid);
  // Another process removed it meanwhile.
  if (text === undefined) return undefined;
  const key = parseKey(kid, text);
  if (key !== undefined) return key;
  throw new StorageError('unsafe', `${directory.path}/${kid} is damaged: delete it, and clients get new tokens`);
}

/** Undefined for what was refused, and the refusal told. */
function unlessRefused<Result>(read: () => Result, refuse: (error: StorageError) => void): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    refuse(error);
    return undefined;
  }
}
