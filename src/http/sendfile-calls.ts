// The two system calls that Node does not have, through koffi where it is installed: sendfile and lseek, with integers only.
import { createRequire } from 'node:module';

export interface SendfileCalls {
  /** Moves up to `count` bytes from the file's position into the socket; the bytes moved, or minus errno. */
  sendfile(socket: number, file: number, count: number): number;
  /** Sets the file's position; minus errno when it cannot. */
  seek(file: number, position: number): number;
  readonly errno: {
    readonly again: number;
    readonly interrupted: number;
    readonly brokenPipe: number;
    readonly reset: number;
  };
}

/** The part of koffi that is used; typed here because an optional dependency may be missing when this is compiled. */
interface KoffiWithErrors {
  load(library: null): {
    func(name: string, result: string, parameters: readonly string[]): (...values: unknown[]) => number;
  };
  errno(): number;
  readonly os: { readonly errno: Readonly<Record<string, number>> };
}

/** Undefined where the calls are missing or do not do what they should: then blobs are sent by reads and writes. */
export function loadSendfileCalls(platform: NodeJS.Platform = process.platform): SendfileCalls | undefined {
  if (platform !== 'linux') return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as KoffiWithErrors;
    const calls = bind(koffi);
    return isWorking(koffi, calls) ? calls : undefined;
  } catch {
    // Not installed, no prebuilt library for this machine, or a C library without these symbols.
    return undefined;
  }
}

function bind(koffi: KoffiWithErrors): SendfileCalls {
  const library = koffi.load(null);
  const { EAGAIN = 11, EINTR = 4, EPIPE = 32, ECONNRESET = 104 } = koffi.os.errno;
  const sendfile = library.func('sendfile', 'int64_t', ['int', 'int', 'intptr_t', 'size_t']);
  const lseek = library.func('lseek', 'int64_t', ['int', 'int64_t', 'int']);
  const orErrno = (result: number) => (result < 0 ? -koffi.errno() : result);
  return {
    sendfile: (socket, file, count) => orErrno(sendfile(socket, file, 0, count)),
    seek: (file, position) => orErrno(lseek(file, position, 0)),
    errno: { again: EAGAIN, interrupted: EINTR, brokenPipe: EPIPE, reset: ECONNRESET },
  };
}

/** Copies between two files in memory: results, positions and errno must all come back as they should. */
function isWorking(koffi: KoffiWithErrors, { sendfile, seek }: SendfileCalls): boolean {
  const library = koffi.load(null);
  const memfd = library.func('memfd_create', 'int', ['str', 'uint']);
  const truncate = library.func('ftruncate', 'int', ['int', 'int64_t']);
  const close = library.func('close', 'int', ['int']);
  const { EBADF = 9 } = koffi.os.errno;
  const from = memfd('moorage-self-test', 0);
  const to = memfd('moorage-self-test', 0);
  if (from < 0 || to < 0) return false;
  const works =
    truncate(from, 8192) === 0 &&
    seek(from, 4096) === 4096 &&
    sendfile(to, from, 100_000) === 4096 &&
    sendfile(to, from, 100_000) === 0 &&
    sendfile(-1, from, 1) === -EBADF;
  close(from);
  close(to);
  return works;
}
