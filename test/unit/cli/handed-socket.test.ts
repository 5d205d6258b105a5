import { describe, expect, it } from 'vitest';
import { CommandError } from '../../../src/cli/failure.ts';
import { handedSocket, takenOver } from '../../../src/cli/handed-socket.ts';

describe('a socket from systemd', () => {
  it('is taken by the process that it is for, and by no child of it', () => {
    expect(handedSocket({ LISTEN_PID: '41', LISTEN_FDS: '1' }, 41)).toBe(3);
    expect(handedSocket({ LISTEN_PID: '41', LISTEN_FDS: '1' }, 42)).toBeUndefined();
  });

  it('is not there by itself', () => {
    for (const environment of [{}, { LISTEN_PID: '41' }, { LISTEN_FDS: '1' }, { LISTEN_PID: '41', LISTEN_FDS: '0' }]) {
      expect(handedSocket(environment, 41)).toBeUndefined();
    }
  });

  it('is one: of several nobody could tell what the others are for', () => {
    expect(() => handedSocket({ LISTEN_PID: '41', LISTEN_FDS: '2' }, 41)).toThrow(CommandError);
  });

  it('is the one that is meant by server.listen, by whichever name every interface has', async () => {
    const here = { host: '127.0.0.1', port: 5000 };
    await expect(takenOver(Promise.resolve(here), here)).resolves.toEqual(here);
    const everywhere = { host: '::', port: 5000 };
    await expect(takenOver(Promise.resolve(everywhere), { host: '*', port: 5000 })).resolves.toEqual(everywhere);
    const refused = [
      [{ host: '::', port: 5000 }, here],
      [{ host: '127.0.0.1', port: 5001 }, here],
      [{ host: '/run/moorage.sock', port: 0 }, here],
    ] as const;
    for (const [opened, meant] of refused) {
      await expect(takenOver(Promise.resolve(opened), meant)).rejects.toThrow(
        /is .*, and server\.listen is 127\.0\.0\.1:5000/,
      );
    }
  });

  it('is a socket', async () => {
    const listens = Promise.reject(new Error('EBADF'));
    await expect(takenOver(listens, { host: '*', port: 1 })).rejects.toThrow(/is no socket to listen on: EBADF/);
  });
});
