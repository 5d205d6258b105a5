// Functions of the C library that Node does not have, through koffi where it is installed: integers and text in, an integer out.
import { createRequire } from 'node:module';

export type LibraryFunction = (...values: readonly (number | string)[]) => number;

/** The part of koffi that is used; typed here because an optional dependency may be missing when this is compiled. */
interface Koffi {
  load(library: null): {
    func(name: string, result: string, parameters: readonly string[]): LibraryFunction;
  };
}

/** Undefined where it cannot be called: another system, koffi not installed, no prebuilt library for this machine, or a C library without it. */
export function libraryFunction(name: string, parameters: readonly string[]): LibraryFunction | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    return koffi.load(null).func(name, 'int', parameters);
  } catch {
    return undefined;
  }
}
