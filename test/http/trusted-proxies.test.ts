// Proxies: whose word about where a client is counts, and that nobody else's does.
import { expect, it } from 'vitest';
import { parseNetworkList } from '../../src/config/network-list.ts';
import { tokenApp } from './support/token-app.ts';

interface Came {
  readonly from: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function cameThrough(trustedProxies: readonly string[]) {
  const { app, lines } = await tokenApp(undefined, { isLogged: true, settings: { trustedProxies } });
  return async ({ from, headers }: Came) => {
    const answer = await app.inject({ url: '/v2/', remoteAddress: from, headers: { host: 'reg.example', ...headers } });
    const [, scheme] = /realm="(\w+):/.exec(String(answer.headers['www-authenticate'])) ?? [];
    return { client: lines.at(-1)?.client, scheme };
  };
}

const told = { 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'https' };

it('are believed where they are named', async () => {
  const ask = await cameThrough(['10.0.0.0/8', '::1']);
  const believed = { client: '198.51.100.7', scheme: 'https' };
  for (const from of ['10.1.2.3', '::ffff:10.1.2.3', '::1'])
    expect(await ask({ from, headers: told })).toEqual(believed);
  // The last that no trusted proxy is: what stands before it anybody may have written.
  const chain = { ...told, 'x-forwarded-for': '203.0.113.9, 198.51.100.7, 10.9.9.9' };
  expect(await ask({ from: '10.1.2.3', headers: chain })).toEqual(believed);
});

it('are not believed where they are not', async () => {
  const own = { client: '192.0.2.1', scheme: 'http' };
  for (const trusted of [[], ['10.0.0.0/8']]) {
    const ask = await cameThrough(trusted);
    expect(await ask({ from: '192.0.2.1', headers: told })).toEqual(own);
    expect(await ask({ from: '192.0.2.1', headers: { ...told, forwarded: 'for=198.51.100.7;proto=https' } })).toEqual(
      own,
    );
  }
});

it('pass on nothing that is no address and no scheme', async () => {
  const ask = await cameThrough(['10.0.0.0/8']);
  for (const text of ['unknown', '10.0.0.5 "x', '<script>', '10.0.0.300', 'a'.repeat(10_000)]) {
    const headers = { 'x-forwarded-for': `${text}, 10.0.0.2`, 'x-forwarded-proto': 'https", x="' };
    expect(await ask({ from: '10.1.2.3', headers })).toEqual({ client: '10.1.2.3', scheme: 'http' });
  }
});

it('are addresses and networks, as a list or with commas', () => {
  expect(parseNetworkList('10.0.0.7, fd00::/8,loopback')).toEqual(['10.0.0.7', 'fd00::/8', '127.0.0.0/8', '::1']);
  expect(parseNetworkList(['192.168.0.0/16'])).toEqual(['192.168.0.0/16']);
  for (const text of ['', 'proxy.example', '10.0.0', '10.0.0.0/33', '0.0.0.0/0', '::/0', '10.0.0.1/', 'true', '*']) {
    expect(parseNetworkList(text)).toBeUndefined();
  }
});
