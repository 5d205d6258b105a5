// Keys of an issuer in a file: for sites without a network, and for issuers that publish theirs to nobody.
import type { FileState, WatchedFile } from '../../storage/filesystem/watched-file.ts';
import type { Log } from '../../storage/log.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { IssuerKeys, KeySet } from './issuer-keys.ts';
import { parseKeySet } from './parse-key-set.ts';

export class KeySetFile implements IssuerKeys {
  readonly #file: WatchedFile;
  readonly #log: Log;
  #seen: FileState;
  #keys: KeySet;

  /** Throws a StorageError, which says what is wrong. */
  constructor(file: WatchedFile, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#seen = file.current();
    const keys = keysIn(this.#seen);
    if (typeof keys !== 'function') throw new StorageError('unsafe', `${file.path}: ${keys.problem}`);
    this.#keys = keys;
  }

  /** As the file says now; while it is broken or gone, as it said when it last was whole. */
  current(): KeySet {
    const state = this.#file.current();
    if (state === this.#seen) return this.#keys;
    this.#seen = state;
    const keys = keysIn(state);
    const { path } = this.#file;
    if (typeof keys === 'function') this.#keys = keys;
    else this.#log.warn('the keys of an issuer stay as they were', { file: path, reason: keys.problem });
    return this.#keys;
  }

  renewed(): KeySet {
    return this.current();
  }
}

function keysIn(state: FileState): KeySet | { readonly problem: string } {
  if (state.kind === 'unusable') return { problem: state.reason };
  const keys = parseKeySet(state.bytes.toString('utf8'));
  return typeof keys === 'function' ? keys : { problem: `it ${keys.problem}` };
}
