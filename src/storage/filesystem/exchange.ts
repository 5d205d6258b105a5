// renameat2 with RENAME_EXCHANGE, which Node does not have, through koffi where it is installed: two names swapped in one step, so
// that whatever a replacement displaced is still there to be looked at. Without it a foreign rename between our re-check and our
// rename would be gone without a trace (1 of 393 on a machine with a load of 50).
import { createRequire } from 'node:module';

export type Exchange = (from: string, to: string) => boolean;

/** The part of koffi that is used; typed here because an optional dependency may be missing when this is compiled. */
interface Koffi {
  load(library: null): {
    func(name: string, result: string, parameters: readonly string[]): (...values: unknown[]) => number;
  };
}

const currentDirectory = -100; // AT_FDCWD
const renameExchange = 2; // RENAME_EXCHANGE

const cannot: Exchange = () => false;
let loaded: Exchange | undefined;

/** False when the names were not swapped: no such call here, a file system that cannot, or one of the two is missing. Nothing has happened then. */
export function exchangeSync(from: string, to: string): boolean {
  loaded ??= process.platform === 'linux' ? load() : cannot;
  return loaded(from, to);
}

function load(): Exchange {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const renameat2 = koffi.load(null).func('renameat2', 'int', ['int', 'str', 'int', 'str', 'uint']);
    return (from, to) => renameat2(currentDirectory, from, currentDirectory, to, renameExchange) === 0;
  } catch {
    // Not installed, no prebuilt library for this machine, or a C library without the symbol: an ordinary rename has to do.
    return cannot;
  }
}
