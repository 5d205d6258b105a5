// The runner's own view of the registry, over plain HTTP: what the clients pushed is judged by it, not by the clients.

import { createHash } from 'node:crypto';
import { Unexpected } from './expect.ts';

/** A manifest as served, its digest computed from its bytes. */
export interface ServedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

interface DescriptorShape {
  readonly digest: string;
}

interface ManifestShape {
  readonly config?: DescriptorShape;
  readonly layers?: readonly DescriptorShape[];
  readonly manifests?: readonly DescriptorShape[];
}

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export class RegistryClient {
  /** `127.0.0.1:5000`: how the clients name the registry. */
  readonly host: string;

  constructor(host: string) {
    this.host = host;
  }

  reference(repository: string, tag: string): string {
    return `${this.host}/${repository}:${tag}`;
  }

  url(path: string): string {
    return `http://${this.host}${path}`;
  }

  async status(path: string, method = 'GET'): Promise<number> {
    const response = await fetch(this.url(path), { method, headers: { accept: manifestTypes } });
    await response.arrayBuffer();
    return response.status;
  }

  /** The manifest behind a tag or digest. The digest header has to agree with the bytes. */
  async manifest(repository: string, reference: string): Promise<ServedManifest> {
    const response = await this.#expect('GET', `/v2/${repository}/manifests/${reference}`, 200);
    const bytes = Buffer.from(await response.arrayBuffer());
    const digest = sha256(bytes);
    const header = response.headers.get('docker-content-digest');
    if (header !== digest) throw new Unexpected(`Docker-Content-Digest ${header} of bytes that are ${digest}`);
    return { digest, mediaType: response.headers.get('content-type') ?? '', bytes };
  }

  /** The digests of the blobs of an image, its children's included. */
  async blobsOf(repository: string, reference: string): Promise<string[]> {
    const { bytes } = await this.manifest(repository, reference);
    const shape = JSON.parse(bytes.toString()) as ManifestShape;
    const own = [...(shape.config === undefined ? [] : [shape.config]), ...(shape.layers ?? [])];
    const digests = own.map((descriptor) => descriptor.digest);
    for (const child of shape.manifests ?? []) digests.push(...(await this.blobsOf(repository, child.digest)));
    return [...new Set(digests)];
  }

  /** Every tag of the repository, following `Link` through the pages. */
  async tags(repository: string): Promise<string[]> {
    const tags: string[] = [];
    for (let path: string | undefined = `/v2/${repository}/tags/list`; path !== undefined; ) {
      const response: Response = await this.#expect('GET', path, 200);
      const page = (await response.json()) as { tags: string[] | null };
      tags.push(...(page.tags ?? []));
      const next = /<([^>]+)>;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
      path = next === undefined ? undefined : next.replace(/^https?:\/\/[^/]+/, '');
    }
    return tags;
  }

  async referrers(repository: string, digest: string): Promise<string[]> {
    const response = await this.#expect('GET', `/v2/${repository}/referrers/${digest}`, 200);
    const index = (await response.json()) as ManifestShape;
    return (index.manifests ?? []).map((descriptor) => descriptor.digest);
  }

  async delete(path: string): Promise<void> {
    await this.#expect('DELETE', path, 202);
  }

  async pushBlob(repository: string, bytes: Buffer): Promise<string> {
    const digest = sha256(bytes);
    const headers = { 'content-type': 'application/octet-stream' };
    await this.#expect('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, 201, { body: bytes, headers });
    return digest;
  }

  async pushManifest(repository: string, reference: string, mediaType: string, bytes: Buffer): Promise<string> {
    const headers = { 'content-type': mediaType };
    await this.#expect('PUT', `/v2/${repository}/manifests/${reference}`, 201, { body: bytes, headers });
    return sha256(bytes);
  }

  async #expect(method: string, path: string, status: number, init: RequestInit = {}): Promise<Response> {
    const headers = { accept: manifestTypes, ...init.headers };
    const response = await fetch(this.url(path), { ...init, method, headers });
    if (response.status !== status) {
      const body = (await response.text()).slice(0, 300);
      throw new Unexpected(`${method} ${path} answered ${response.status} instead of ${status}: ${body}`);
    }
    return response;
  }
}
