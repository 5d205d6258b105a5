// Limits are of the server: what several workers count together, over whichever connections a client comes.
import { writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scratchDirectory } from './moorage-process.ts';
import { startWorkers, until } from './worker-processes.ts';

/** On a connection of its own. */
function statusOf(url: string, credentials?: string): Promise<number | undefined> {
  return statusWith(url, credentials && `Basic ${btoa(credentials)}`);
}

function statusWith(url: string, authorization: string | undefined): Promise<number | undefined> {
  const headers = authorization === undefined ? {} : { authorization };
  return new Promise((resolve, reject) => {
    get(url, { agent: new Agent(), headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', reject);
  });
}

describe.runIf(process.platform === 'linux')('limits of several workers', () => {
  it('count the requests of a client over all of them', async () => {
    const environment = { MOORAGE_LIMITS_REQUESTS: '2' };
    const { ready } = await startWorkers(2, { environment });
    // Twenty at once are allowed, and two a second more. A share for each worker would be twice that.
    const statuses: (number | undefined)[] = [];
    for (let at = 0; at < 36; at += 1) statuses.push(await statusOf(`${ready.url}/v2/`));
    const taken = statuses.filter((status) => status === 200).length;
    expect(taken).toBeGreaterThanOrEqual(20);
    expect(statuses).toContain(429);
    expect(taken).toBeLessThan(36);
  });

  it('count the connections of an address over all of them', async () => {
    const { ready } = await startWorkers(2, { environment: { MOORAGE_LIMITS_CONNECTIONS: '6' } });
    const sockets: Socket[] = [];
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    const answered = async () => {
      const socket = connect(ready.port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      socket.write('GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n');
      return new Promise<string>((resolve) => {
        socket.once('data', (data: Buffer) => resolve(data.toString('latin1').slice(9, 12)));
        socket.once('close', () => resolve('closed'));
      });
    };
    for (let at = 0; at < 6; at += 1) expect(await answered()).toBe('200');
    // What one worker has accepted the other knows a moment later.
    await until(async () => (await statusOf(`${ready.url}/v2/`).catch(() => undefined)) === 429);
    for (const socket of sockets.slice(0, 4)) socket.destroy();
    await until(async () => (await statusOf(`${ready.url}/v2/`).catch(() => undefined)) === 200);
  });

  it('let passwords be guessed no faster, and take right ones in each of them', async () => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'users'), `anna:${hashSync('correct horse', 6)}\n`);
    const environment = { MOORAGE_AUTH_HTPASSWD: join(directory, 'users') };
    const { ready } = await startWorkers(3, { environment });
    for (let at = 0; at < 6; at += 1) expect(await statusOf(`${ready.url}/v2/`, 'anna:correct horse')).toBe(200);
    // Four different ones of a user from an address are looked at at once, whichever worker has them.
    const guesses = await Promise.all(
      Array.from({ length: 24 }, (_, at) => statusOf(`${ready.url}/v2/`, `anna:guess ${at}`)),
    );
    expect(guesses.filter((status) => status === 401).length).toBeLessThanOrEqual(8);
    expect(guesses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(16);
    expect(await statusOf(`${ready.url}/v2/`, 'anna:correct horse')).toBe(200);
    expect(await statusOf(`${ready.url}/v2/`, 'nobody:correct horse')).toBe(401);
  });

  it('take the tokens of each other, also where nothing is written', async () => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'users'), `anna:${hashSync('correct horse', 6)}\n`);
    const environment = { MOORAGE_AUTH_HTPASSWD: join(directory, 'users'), MOORAGE_STORAGE_ROOT: directory };
    const { ready } = await startWorkers(2, { environment }, ['--read-only']);
    const authorization = `Basic ${btoa('anna:correct horse')}`;
    const answer = await fetch(`${ready.url}/token?service=moorage`, { headers: { authorization } });
    const { token } = (await answer.json()) as { readonly token: string };
    for (let at = 0; at < 6; at += 1) expect(await statusWith(`${ready.url}/v2/`, `Bearer ${token}`)).toBe(200);
  });
});
