// Why a server could not start, in words that say what to do: the address is taken, the directory cannot be used.
import { hostInUrl, type ListenAddress } from '../config/listen-address.ts';
import { isError } from '../oci/is-error.ts';
import { CommandError } from './failure.ts';

/** `setting`: where the address was written, or may be. */
export function listenError(
  error: unknown,
  { host, port }: ListenAddress,
  setting: '--listen' | 'metrics.listen' = '--listen',
): unknown {
  const address = `${hostInUrl(host)}:${port}`;
  const why = (text: string) => new CommandError(`cannot listen on ${address}: ${text}`, { cause: error });
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return why(
        `another program uses this port; stop it, or choose another one, e.g. ${setting} 127.0.0.1:5001 (port 0 picks a free one)`,
      );
    case 'EACCES':
    case 'EPERM':
      return why(`not permitted; ports below 1024 need privileges, so choose a higher one with ${setting}`);
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return why(`this machine has no such address; choose one of its own with ${setting}, e.g. 127.0.0.1:5000`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return why(`the host name has no address; write an IP address, e.g. ${setting} 127.0.0.1:5000`);
    default:
      return error;
  }
}

export function rootError(error: unknown, root: string): unknown {
  const why = (text: string) => new CommandError(`cannot store in ${root}: ${text}`, { cause: error });
  switch (codeOf(error)) {
    case 'ENOTDIR':
    case 'EEXIST':
      return why('it, or a part of its path, is not a directory; choose another one with --root DIR');
    case 'EACCES':
    case 'EPERM':
      return why(
        'permission denied; change its owner or mode, choose another one with --root DIR, or serve it with --read-only',
      );
    case 'EROFS':
      return why(
        'the file system is read-only; choose another directory with --root DIR, or serve it with --read-only',
      );
    case 'ENOENT':
      return why('it does not exist and cannot be created there; choose another directory with --root DIR');
    case 'ENOSPC':
    case 'EDQUOT':
      return why('no space left; free some, or choose another directory with --root DIR');
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return why('the path cannot be followed; choose another directory with --root DIR');
    default:
      return error;
  }
}

/** The code of a system error, or of the one that caused it (storage wraps them). */
function codeOf(error: unknown): string | undefined {
  if (!isError(error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause);
}
