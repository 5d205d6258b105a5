// A hand-written server that answers as a test wants, and a client of it that never really waits.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { anonymous, type CredentialSource } from '../../../src/remote/credentials.ts';
import { defaultTransport, openRemote } from '../../../src/remote/open-remote.ts';
import type { RemoteRegistry } from '../../../src/remote/remote-registry.ts';
import type { TransportOptions } from '../../../src/remote/transport.ts';

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly accept: string | undefined;
  readonly body: string;
}

export type Answering = (request: SeenRequest, response: ServerResponse) => void;

export interface FakeServer {
  /** `127.0.0.1:34567` */
  readonly host: string;
  readonly origin: string;
  readonly seen: SeenRequest[];
}

/** Listens until the test ends. */
export async function fakeServer(answer: Answering): Promise<FakeServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const { authorization, range, accept } = request.headers;
    const one = { method: request.method ?? '', url: request.url ?? '', authorization, range, accept, body };
    seen.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, origin: `http://${host}`, seen };
}

export interface TestClient {
  readonly remote: RemoteRegistry;
  /** How long the client would have waited before each further try. */
  readonly pauses: number[];
}

export function clientOf(
  { host }: Pick<FakeServer, 'host'>,
  {
    credentials = anonymous,
    transport = {},
  }: { credentials?: CredentialSource; transport?: Partial<TransportOptions> } = {},
): TestClient {
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms);
  const quick = { ...defaultTransport, pause, random: () => 1, ...transport };
  const remote = openRemote(host, { scheme: undefined, credentials, transport: quick });
  onTestFinished(() => remote.close());
  return { remote, pauses };
}

export function json(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string> = {},
  status = 200,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

/** The envelope of the spec. */
export function refusal(response: ServerResponse, status: number, code: string, message = 'no'): void {
  json(response, { errors: [{ code, message }] }, {}, status);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
