// Requests and connections: so many of a client, and what is told to who comes too often.
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { RequestRate } from '../../src/http/request-rate.ts';
import { codesOf } from './support/answers.ts';
import { registryApp } from './support/registry-app.ts';
import { tokenApp } from './support/token-app.ts';

it('are counted by what came within ten seconds', () => {
  let nowMs = 0;
  const rate = new RequestRate(2, () => nowMs);
  for (let times = 0; times < 20; times += 1) expect(rate.take('a')).toBe(0);
  expect(rate.take('a')).toBe(500);
  expect(rate.take('b')).toBe(0);
  nowMs = 500;
  expect([rate.take('a'), rate.take('a')]).toEqual([0, 500]);
  nowMs = 3_600_000;
  for (let times = 0; times < 20; times += 1) expect(rate.take('a')).toBe(0);
  expect(rate.take('a')).toBe(500);
});

it('refuses requests of one address and leaves others, and whoever asks whether it is well, alone', async () => {
  const { app } = registryApp({ settings: { requestsPerSecond: 1 } });
  const ask = (remoteAddress: string, url = '/v2/') => app.inject({ url, remoteAddress });
  const first = await Promise.all(Array.from({ length: 10 }, () => ask('192.0.2.1')));
  expect(new Set(first.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
  const refused = await ask('192.0.2.1');
  expect(refused).toMatchObject({ statusCode: 429, headers: { 'retry-after': '1' } });
  expect(codesOf(refused)).toEqual(['TOOMANYREQUESTS']);
  expect((await ask('192.0.2.2')).statusCode).toBe(200);
  expect((await ask('192.0.2.1', '/livez')).statusCode).toBe(200);
});

it('lets nobody use up what a user has from the same address', async () => {
  const { app, accounts } = await tokenApp(undefined, { settings: { requestsPerSecond: 1 } });
  for (const name of ['anna', 'bert']) accounts.set(name, 'secret');
  const ask = async (name: string) => {
    const authorization = `Basic ${Buffer.from(`${name}:secret`).toString('base64')}`;
    return (await app.inject({ url: '/v2/', headers: { authorization } })).statusCode;
  };
  for (let times = 0; times < 10; times += 1) expect(await ask('anna')).toBe(200);
  expect(await ask('anna')).toBe(429);
  expect(await ask('bert')).toBe(200);
});

it('refuses what comes over too many connections until others are closed, and reads nothing of twice as many', async () => {
  const { app } = registryApp({ settings: { maxConnections: 2 } });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  const idle = [await open(), await open()];
  const ask = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`, { headers: { connection: 'close' } });
    return { status: answer.status, after: answer.headers.get('retry-after'), text: await answer.text() };
  };
  await vi.waitFor(async () => expect(await ask()).toMatchObject({ status: 429, after: '1' }), { timeout: 60_000 });
  expect((await ask()).text).toContain('at most 2 connections from one address');
  idle.push(await open(), await open());
  const fifth = await open();
  await new Promise((resolve) => fifth.once('close', resolve).resume());
  for (const socket of idle) socket.destroy();
  await vi.waitFor(async () => expect(await ask()).toMatchObject({ status: 200 }), { timeout: 60_000 });
});

it('does not count a trusted proxy, behind which are many', async () => {
  const { app } = registryApp({ settings: { maxConnections: 1, trustedProxies: ['127.0.0.0/8'] } });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const sockets = Array.from({ length: 5 }, () => connect(port, '127.0.0.1'));
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  expect((await fetch(`http://127.0.0.1:${port}/v2/`)).status).toBe(200);
});
