// What may be written as an address, and which addresses only this machine reaches.
import { describe, expect, it } from 'vitest';
import { hostInUrl, isLoopback, parseListenAddress } from '../../../src/config/listen-address.ts';

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:5000', '127.0.0.1', 5000],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['localhost:8080', 'localhost', 8080],
    ['registry.example', 'registry.example', 5000],
    ['0.0.0.0', '0.0.0.0', 5000],
    ['[::1]:5000', '::1', 5000],
    ['[::]', '::', 5000],
    ['[fe80::1%eth0]:5000', 'fe80::1%eth0', 5000],
    ['5000', '127.0.0.1', 5000],
    [':5000', '*', 5000],
    ['*:5000', '*', 5000],
  ])('reads %s', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port });
  });

  it.each(['', ':', 'a:b', '127.0.0.1:65536', '99999', '::1', '[::1', '[abc]:1', 'a b:1', 'http://x:1', 'a:1:2', '-1'])(
    'refuses %j',
    (text) => {
      expect(parseListenAddress(text)).toBeUndefined();
    },
  );
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost', '::ffff:127.0.0.1'])('holds for %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['*', '0.0.0.0', '::', '192.168.1.5', 'registry.example', '127.example.org', '128.0.0.1'])(
    'fails for %s',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe('hostInUrl', () => {
  it('puts IPv6 addresses in brackets', () => {
    expect(hostInUrl('::1')).toBe('[::1]');
    expect(hostInUrl('localhost')).toBe('localhost');
  });
});
