// The same with jest, which loads packages by require().
const { createRegistry } = require('moorage');
const { pullManifest } = require('../client.js');

test('a pull is tried again when the connection breaks off', async () => {
  const registry = await createRegistry();
  const { url } = await registry.listen();
  const { digest } = await registry.push('team/app:v1');
  const fault = registry.fault({ route: 'manifests', times: 1, cutAfterBytes: 0 });
  expect(await pullManifest(url, 'team/app', 'v1')).toBe(digest);
  expect(fault.hits).toBe(1);
  await registry.close();
});
