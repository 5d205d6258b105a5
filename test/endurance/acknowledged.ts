// Pushes of tags as a client makes them, and what was acknowledged: all of it must be there in the end, with the bytes that were pushed.
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { blobOf, imageManifest } from '../support/content.ts';

const config = blobOf('{}', 'application/vnd.oci.empty.v1+json');

interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
}

export class Acknowledged {
  readonly repository: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });
  readonly #digests = new Map<string, string>();
  readonly refused = new Map<number, number>();

  constructor(repository: string) {
    this.repository = repository;
  }

  get count(): number {
    return this.#digests.size;
  }

  async pushConfig(url: string): Promise<void> {
    const path = `/v2/${this.repository}/blobs/uploads/?digest=${config.digest}`;
    const { status } = await this.#ask(url, 'POST', path, config.bytes, 'application/octet-stream');
    if (status !== 201) throw new Error(`the config was refused: ${status}`);
  }

  /** A manifest that nobody else pushes; `edition` makes it another one than the last of that tag. */
  async push(url: string, tag: string, edition = 0): Promise<void> {
    const { bytes, digest, descriptor } = imageManifest({
      config,
      layers: 0,
      annotations: { tag, edition: `${edition}` },
    });
    const { status } = await this.#ask(url, 'PUT', this.#manifest(tag), bytes, descriptor.mediaType);
    if (status === 201) this.#digests.set(tag, digest);
    else this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
  }

  /** Takes an edition off the repository by its digest, as retention does with what a tag left. */
  async remove(url: string, digest: string): Promise<void> {
    const { status } = await this.#ask(url, 'DELETE', this.#manifest(digest), undefined, undefined);
    if (status !== 202) this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
  }

  digestOf(tag: string): string | undefined {
    return this.#digests.get(tag);
  }

  /** Tags that were acknowledged and are not served as they were pushed. */
  async lost(url: string): Promise<readonly string[]> {
    const lost: string[] = [];
    const tags = [...this.#digests];
    const ask = async () => {
      for (let next = tags.pop(); next !== undefined; next = tags.pop()) {
        const [tag, digest] = next;
        const { status, bytes } = await this.#ask(url, 'GET', this.#manifest(tag), undefined, undefined);
        if (status !== 200 || digestOf(bytes) !== digest) lost.push(tag);
      }
    };
    await Promise.all(Array.from({ length: 8 }, ask));
    return lost;
  }

  #manifest(tag: string): string {
    return `/v2/${this.repository}/manifests/${tag}`;
  }

  #ask(url: string, method: string, path: string, body: Buffer | undefined, type: string | undefined): Promise<Answer> {
    const headers = { ...(type && { 'Content-Type': type }), ...(body && { 'Content-Length': body.byteLength }) };
    return new Promise((resolve, reject) => {
      const asked = request(`${url}${path}`, { method, headers, agent: this.#agent, timeout: 60_000 }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
        answer.on('error', reject);
      });
      asked.on('timeout', () => asked.destroy(new Error(`no answer to ${method} ${path}`)));
      asked.on('error', reject);
      asked.end(body);
    });
  }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
