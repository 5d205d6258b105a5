// Why a server could not start, in one line that says what to do.
import { describe, expect, it } from 'vitest';
import { exitCodes, failureOf } from '../../../src/cli/failure.ts';
import { listenError, rootError } from '../../../src/cli/start-errors.ts';
import { ConfigError } from '../../../src/config/config-error.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: something, open '/x'`), { code, syscall: 'open' });
}

describe('listenError', () => {
  const address = { host: '::1', port: 80 };

  it.each([
    ['EADDRINUSE', 'another program uses this port; stop it, or choose another one'],
    ['EACCES', 'ports below 1024 need privileges'],
    ['EADDRNOTAVAIL', 'this machine has no such address'],
    ['ENOTFOUND', 'the host name has no address'],
  ])('explains %s', (code, text) => {
    const failure = failureOf(listenError(systemError(code), address));
    expect(failure?.message).toMatch(/^cannot listen on \[::1\]:80: [^\n]*--listen/);
    expect(failure?.message).toContain(text);
    expect(failure?.exitCode).toBe(exitCodes.failure);
  });

  it('leaves what it does not know as it is', () => {
    const unknown = new TypeError('not ours');
    expect(listenError(unknown, address)).toBe(unknown);
    expect(failureOf(unknown)).toBeUndefined();
  });
});

describe('rootError', () => {
  it.each(['ENOTDIR', 'EEXIST', 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOSPC', 'ELOOP'])(
    'explains %s, wrapped by storage',
    (code) => {
      const wrapped = new StorageError('unavailable', 'open failed', systemError(code));
      const failure = failureOf(rootError(wrapped, '/srv/r'));
      expect(failure?.message).toMatch(/^cannot store in \/srv\/r: [^\n]*--root DIR/);
      expect(failure?.exitCode).toBe(exitCodes.failure);
    },
  );

  it('shows the message of another storage error', () => {
    const failure = failureOf(rootError(new StorageError('unavailable', 'too many open files'), '/srv/r'));
    expect(failure).toEqual({ message: 'cannot use the storage: too many open files', exitCode: exitCodes.failure });
  });
});

describe('failureOf', () => {
  it('takes a wrong configuration for wrong usage', () => {
    const error = new ConfigError([{ origin: 'm.yaml:1:1', message: 'is wrong' }]);
    expect(failureOf(error)).toEqual({ message: 'm.yaml:1:1: is wrong', exitCode: exitCodes.usage });
  });
});
