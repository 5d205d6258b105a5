// A registry in a few lines that is pushed to over HTTP: it keeps what it gets, knows nothing of referrers, and fails where a test says.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { anonymous, type CredentialSource } from '../../src/remote/credentials.ts';
import { defaultTransport, openRemoteTarget } from '../../src/remote/open-remote.ts';
import type { RemoteTarget } from '../../src/remote/remote-target.ts';

export interface PushRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** True when it has answered. */
type Instead = (request: PushRequest, response: ServerResponse) => boolean;

interface Manifest {
  readonly bytes: Buffer;
  readonly type: string;
}

export class PlainRegistry {
  /** `NAME@DIGEST`. */
  readonly blobs = new Map<string, Buffer>();
  /** `NAME@DIGEST` and `NAME:TAG`. */
  readonly manifests = new Map<string, Manifest>();
  readonly uploads = new Map<string, Buffer>();
  readonly seen: PushRequest[] = [];
  /** What it does in place of what it usually would. */
  instead: Instead = () => false;
  mounts = true;
  acknowledgesSubjects = false;
  port = 0;
  #begun = 0;

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** `PUT manifests/v1` of each request; what stands in for an upload's id is `ID`. */
  get calls(): readonly string[] {
    return this.seen.map(({ method, path }) => `${method} ${path.replace(/^\/v2\/(.*?)\/(?=blobs|manifests)/, '$1 ')}`);
  }

  answer(request: PushRequest, response: ServerResponse): void {
    const [, name = '', kind, rest = ''] =
      /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(request.path) ?? [];
    if (kind === 'manifests') this.#manifest(request, response, name, rest);
    else if (kind === 'blobs') this.#blob(response, `${name}@${rest}`);
    else if (kind === 'blobs/uploads') this.#upload(request, response, name, rest);
    else response.writeHead(404).end();
  }

  #blob(response: ServerResponse, key: string): void {
    const found = this.blobs.get(key);
    response.writeHead(found === undefined ? 404 : 200, { 'content-length': found?.byteLength ?? 0 }).end();
  }

  #manifest({ method, body, headers }: PushRequest, response: ServerResponse, name: string, written: string): void {
    const key = written.includes(':') ? `${name}@${written}` : `${name}:${written}`;
    const digest = digestOf(body);
    if (method === 'PUT') {
      const manifest = { bytes: body, type: headers['content-type'] ?? '' };
      this.manifests.set(key, manifest).set(`${name}@${digest}`, manifest);
      const { subject } = JSON.parse(body.toString('utf8')) as { subject?: { digest: string } };
      if (subject !== undefined && this.acknowledgesSubjects) response.setHeader('oci-subject', subject.digest);
      response.writeHead(201, { 'docker-content-digest': digest }).end();
      return;
    }
    const found = this.manifests.get(key);
    if (found === undefined) response.writeHead(404).end();
    else {
      const described = { 'content-type': found.type, 'docker-content-digest': digestOf(found.bytes) };
      response.writeHead(200, described).end(method === 'HEAD' ? undefined : found.bytes);
    }
  }

  #upload({ method, query, body }: PushRequest, response: ServerResponse, name: string, id: string): void {
    const mounted = this.mounts ? this.blobs.get(`${query.get('from')}@${query.get('mount')}`) : undefined;
    if (mounted !== undefined) {
      this.blobs.set(`${name}@${query.get('mount')}`, mounted);
      response.writeHead(201).end();
      return;
    }
    if (id === '') this.#begun += 1;
    const at = id === '' ? `upload-${this.#begun}` : id;
    const held = id === '' ? Buffer.alloc(0) : this.uploads.get(id);
    if (held === undefined || method === 'DELETE') {
      response.writeHead(held === undefined ? 404 : 204).end();
      this.uploads.delete(at);
      return;
    }
    const all = Buffer.concat([held, body]);
    this.uploads.set(at, all);
    const location = `/v2/${name}/blobs/uploads/${at}?state=${all.byteLength}`;
    const headers = { location, ...(all.byteLength > 0 ? { range: `0-${all.byteLength - 1}` } : {}) };
    if (method !== 'PUT') response.writeHead(method === 'GET' ? 204 : 202, headers).end();
    else {
      const isRight = digestOf(all) === query.get('digest');
      if (isRight) this.blobs.set(`${name}@${digestOf(all)}`, all);
      this.uploads.delete(at);
      const errors = [{ code: 'DIGEST_INVALID', message: 'other bytes' }];
      response.writeHead(isRight ? 201 : 400).end(isRight ? undefined : JSON.stringify({ errors }));
    }
  }
}

/** Listens until the test ends. */
export async function plainRegistry(): Promise<PlainRegistry> {
  const registry = new PlainRegistry();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://registry');
    const body = await bytesOf(request);
    const { method = '', headers } = request;
    const seen = { method, path: pathname, query: searchParams, headers, body };
    registry.seen.push(seen);
    if (!registry.instead(seen, response)) registry.answer(seen, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  registry.port = (server.address() as AddressInfo).port;
  return registry;
}

/** What had arrived, also when the rest never comes. */
async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Chunks of 4 bytes, and no real waiting. */
export function targetAt(
  { host }: Pick<PlainRegistry, 'host'>,
  credentials: CredentialSource = anonymous,
  signal: AbortSignal = new AbortController().signal,
): RemoteTarget {
  const transport = { ...defaultTransport, chunkBytes: 4, pause: async () => {}, random: () => 1 };
  return openRemoteTarget(host, { scheme: undefined, credentials, transport }, signal);
}
