// One push of a blob over a connection: POST and PUT, or with a PATCH between them.

import { expectStatus } from './expect-status.ts';
import { type Body, type HttpConnection, headerOf } from './http-connection.ts';

const OCTETS = 'Content-Type: application/octet-stream\r\n';

export interface BlobPush {
  readonly repository: string;
  readonly digest: string;
  readonly body: Body;
}

export async function putBlob(connection: HttpConnection, { repository, digest, body }: BlobPush): Promise<void> {
  const location = await openSession(connection, repository);
  const stored = await connection.request('PUT', closingTarget(location, digest), OCTETS, body);
  expectStatus(stored, 201, 'PUT upload');
}

export async function patchBlob(connection: HttpConnection, { repository, digest, body }: BlobPush): Promise<void> {
  const location = await openSession(connection, repository);
  const received = await connection.request('PATCH', targetOf(location), OCTETS, body);
  expectStatus(received, 202, 'PATCH upload');
  const target = closingTarget(headerOf(received.head, 'location'), digest);
  const stored = await connection.request('PUT', target, OCTETS, []);
  expectStatus(stored, 201, 'PUT upload');
}

async function openSession(connection: HttpConnection, repository: string): Promise<string | undefined> {
  const session = await connection.request('POST', `/v2/${repository}/blobs/uploads/`);
  expectStatus(session, 202, 'POST upload');
  return headerOf(session.head, 'location');
}

/** The session's Location, which may be absolute and may carry a query of its own, with the digest added. */
function closingTarget(location: string | undefined, digest: string): string {
  const target = targetOf(location);
  return `${target}${target.includes('?') ? '&' : '?'}digest=${digest}`;
}

function targetOf(location: string | undefined): string {
  if (location === undefined) throw new Error('an upload: the answer has no Location');
  return location.replace(/^https?:\/\/[^/]+/, '');
}
