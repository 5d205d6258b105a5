// renameat2 with RENAME_EXCHANGE, which Node does not have, through koffi where it is installed: two names swapped in one step, so
// that whatever a replacement displaced is still there to be looked at. Without it a foreign rename between our re-check and our
// rename would be gone without a trace (1 of 393 on a machine with a load of 50).
import { libraryFunction } from './libc.ts';

export type Exchange = (from: string, to: string) => boolean;

const currentDirectory = -100; // AT_FDCWD
const renameExchange = 2; // RENAME_EXCHANGE

let loaded: Exchange | undefined;

/** False when the names were not swapped: no such call here, a file system that cannot, or one of the two is missing. Nothing has happened then. */
export function exchangeSync(from: string, to: string): boolean {
  loaded ??= load();
  return loaded(from, to);
}

/** Without the call an ordinary rename has to do. */
function load(): Exchange {
  const renameat2 = libraryFunction('renameat2', ['int', 'str', 'int', 'str', 'uint']);
  if (renameat2 === undefined) return () => false;
  return (from, to) => renameat2(currentDirectory, from, currentDirectory, to, renameExchange) === 0;
}
