// How large an index.json may be: what is larger would end the process for want of memory, and with it every other repository.
import { getHeapStatistics } from 'node:v8';

const mebibyte = 1024 * 1024;
/** Measured: 1.8 KB of memory for an entry of 215 bytes; a document without entries needs six times its size while it is read. */
const bytesOfHeapAnEntry = 4_096;
const timesItsSize = 8;

const { heap_size_limit: heapBytes } = getHeapStatistics();

/** Far beyond what any tool writes. */
export const maxIndexEntries = Math.min(1_000_000, Math.floor(heapBytes / bytesOfHeapAnEntry));
export const maxIndexBytes = Math.min(500 * mebibyte, Math.floor(heapBytes / timesItsSize));
