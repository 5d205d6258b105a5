// A client that tries again, tested with vitest against a registry that goes wrong on purpose.
import { createRegistry } from 'moorage';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pullManifest } from '../client.js';

let registry;
let url;

beforeEach(async () => {
  registry = await createRegistry();
  ({ url } = await registry.listen());
});

afterEach(() => registry.close());

test('a pull is tried again after a 503', async () => {
  const { digest } = await registry.push('team/app:v1', { layers: [{ 'etc/hello': 'hi' }] });
  registry.fault({ route: 'manifests', times: 2, status: 503 });
  expect(await pullManifest(url, 'team/app', 'v1')).toBe(digest);
  expect(registry.requests.map(({ status }) => status)).toEqual([503, 503, 200]);
});

test('a pull of what is not there is not tried again', async () => {
  await expect(pullManifest(url, 'team/app', 'v1')).rejects.toThrow('404');
  expect(registry.requests.length).toBe(1);
});
