// Telling errors from whatever else was thrown, also those of the system in a program that runs in a realm of its own (jest, node:vm):
// there `instanceof Error` is false for them.
import { isNativeError } from 'node:util/types';

export function isError(thrown: unknown): thrown is Error {
  // A DOMException, such as the reason of an AbortSignal, is an Error and no native one.
  return isNativeError(thrown) || thrown instanceof Error;
}
