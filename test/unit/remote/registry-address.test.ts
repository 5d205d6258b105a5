// Which URL a host stands for.
import { describe, expect, it } from 'vitest';
import { registryAddress } from '../../../src/remote/registry-address.ts';

describe('registryAddress', () => {
  it.each([
    ['localhost:5000', undefined, 'http://localhost:5000/'],
    ['localhost', undefined, 'http://localhost/'],
    ['127.0.0.1:5000', undefined, 'http://127.0.0.1:5000/'],
    ['127.1.2.3', undefined, 'http://127.1.2.3/'],
    ['[::1]:5000', undefined, 'http://[::1]:5000/'],
    ['localhost:5000', 'https', 'https://localhost:5000/'],
    ['ghcr.io', undefined, 'https://ghcr.io/'],
    ['ghcr.io', 'http', 'http://ghcr.io/'],
    ['127.0.0.1.example.com', undefined, 'https://127.0.0.1.example.com/'],
    ['localhost.example.com:5000', undefined, 'https://localhost.example.com:5000/'],
    ['docker.io', undefined, 'https://registry-1.docker.io/'],
    ['index.docker.io', undefined, 'https://registry-1.docker.io/'],
  ] as const)('%s asked by %s is %s', (host, scheme, url) => {
    expect(registryAddress(host, scheme).url.href).toBe(url);
  });
});
