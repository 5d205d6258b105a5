// Pushes prepared content over HTTP before anything is measured, for data that a server should have taken in by itself.

import { digestOf, OCI_MANIFEST } from './image.ts';

export async function pushBlob(url: string, repository: string, bytes: Buffer): Promise<string> {
  const digest = digestOf(bytes);
  const session = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  await expectStatus(session, 202);
  const target = new URL(session.headers.get('location') ?? '', url);
  target.searchParams.set('digest', digest);
  const stored = await fetch(target, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/octet-stream' },
    body: bytes,
  });
  await expectStatus(stored, 201);
  return digest;
}

export async function pushManifest(url: string, repository: string, reference: string, bytes: Buffer): Promise<void> {
  const target = `${url}/v2/${repository}/manifests/${reference}`;
  const stored = await fetch(target, { method: 'PUT', headers: { 'Content-Type': OCI_MANIFEST }, body: bytes });
  await expectStatus(stored, 201);
}

async function expectStatus(response: Response, wanted: number): Promise<void> {
  const body = await response.text();
  if (response.status === wanted) return;
  const path = new URL(response.url).pathname;
  throw new Error(`preparing: ${path} answered ${response.status} instead of ${wanted}: ${body.slice(0, 200)}`);
}
