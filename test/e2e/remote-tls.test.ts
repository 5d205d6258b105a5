// Registries over HTTPS: whose certificate is trusted, and that nothing leads from HTTPS to plain HTTP.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runMoorage, scratchDirectory } from './moorage-process.ts';

/** A registry with a certificate of its own for localhost. */
async function httpsRegistry() {
  const directory = await scratchDirectory();
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const forLocalhost = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const keyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...keyOptions, '-keyout', key, '-out', certificate, ...forLocalhost], {
    stdio: 'pipe',
  });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
    if (request.url === '/v2/app/tags/list') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"name":"app","tags":["v1"]}');
    } else if (request.url?.startsWith('/v2/moved/')) {
      response.writeHead(307, { location: 'http://localhost:9/v2/moved/tags/list' }).end();
    } else response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://localhost:9/token"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { directory, certificate, host: `localhost:${(server.address() as AddressInfo).port}` };
}

describe('a registry over HTTPS', () => {
  it('is used when its certificate is trusted, and not otherwise', async () => {
    const { directory, certificate, host } = await httpsRegistry();
    const args = ['ls', '-q', `https://${host}/app`];
    const trusting = await runMoorage(args, { directory, environment: { NODE_EXTRA_CA_CERTS: certificate } });
    expect(trusting).toMatchObject({ code: 0, stdout: 'app:v1\n' });
    const { code, stderr } = await runMoorage(args, { directory });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `cannot use the registry ${host}: its certificate is signed by itself; NODE_EXTRA_CA_CERTS`,
    );
  });

  it.each([
    ['moved', 'it redirects from HTTPS to plain HTTP (localhost:9)'],
    ['secret', 'the address of its token server is not an HTTPS URL'],
  ])('that leads %s to plain HTTP is not followed', async (name, message) => {
    const { directory, certificate, host } = await httpsRegistry();
    const environment = { NODE_EXTRA_CA_CERTS: certificate };
    const { code, stderr } = await runMoorage(['ls', `https://${host}/${name}`], { directory, environment });
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});
