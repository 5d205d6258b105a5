// What an endpoint is sent that nobody else may know: read from files, which may change at any time.
import type { FileState } from '../storage/filesystem/watched-file.ts';

export interface SecretFile {
  current(): FileState;
}

/** Of one line, without what editors put at its end. Undefined for what cannot be used, with why. */
export function secretIn(state: FileState): { readonly text: string } | { readonly problem: string } {
  if (state.kind === 'unusable') return { problem: state.reason };
  const text = state.bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text === '') return { problem: 'it is empty' };
  return /[\0\r\n]/.test(text) ? { problem: 'it has several lines' } : { text };
}
