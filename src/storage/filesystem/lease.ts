// Write leases of Linux (fcntl with F_SETLEASE), which Node does not have, through koffi where it is installed: the kernel grants one only while
// nobody else has the file open, and makes whoever opens it wait for as long as it is held.
import { constants } from 'node:os';
import { type LibraryFunction, libraryFunction } from './libc.ts';

const [setLease, setSignal] = [1_024, 10]; // F_SETLEASE, F_SETSIG
const [writeLease, noLease] = [1, 2]; // F_WRLCK, F_UNLCK

let loaded: LibraryFunction | undefined;

function fcntl(...values: readonly [number, number, number]): number {
  loaded ??= libraryFunction('fcntl', ['int', 'int', 'int']) ?? (() => -1);
  return loaded(...values);
}

/**
 * For a file that is open to be written: true when no other process has it open, nor any other descriptor of this one. Until it is given back, or the
 * descriptor closed, nobody else opens it. False also where nobody can tell: no such call here, a file system without leases, a file of another user.
 */
export function leaseSync(descriptor: number): boolean {
  // Who opens it meanwhile has the holder told by a signal: by SIGIO, which ends a process, unless it is one that does nothing.
  if (fcntl(descriptor, setSignal, constants.signals.SIGURG) !== 0) return false;
  return fcntl(descriptor, setLease, writeLease) === 0;
}

export function unleaseSync(descriptor: number): void {
  fcntl(descriptor, setLease, noLease);
}
