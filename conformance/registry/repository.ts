// One repository of the registry under test: the spec's verbs. Plain verbs give the answer for the check to judge;
// `push...` verbs are preparations and fail the check when they do not succeed.
import { expectHeader, expectStatus } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import type { HttpClient, RequestOptions } from '../client/http-client.ts';
import { acceptManifests, type Blob, type Image, type Manifest } from './content.ts';
import { octetStream, UploadSession } from './upload-session.ts';

export interface PutManifestOptions {
  /** The Content-Type; null sends none. */
  readonly type?: string | null;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Repository {
  readonly name: string;
  readonly #client: HttpClient;

  constructor(client: HttpClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** `/v2/<name>/<rest>`, for requests no verb below makes. */
  path(rest: string): string {
    return `/v2/${this.name}/${rest}`;
  }

  request(method: string, rest: string, options: RequestOptions = {}): Promise<Answer> {
    return this.#client.request(method, this.path(rest), options);
  }

  getBlob(digest: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.request('GET', `blobs/${digest}`, { headers });
  }

  headBlob(digest: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.request('HEAD', `blobs/${digest}`, { headers });
  }

  deleteBlob(digest: string): Promise<Answer> {
    return this.request('DELETE', `blobs/${digest}`);
  }

  /** With the Accept of a client, unless `headers` has another. */
  getManifest(reference: string, headers: RequestOptions['headers'] = {}): Promise<Answer> {
    return this.request('GET', `manifests/${reference}`, { headers: { Accept: acceptManifests, ...headers } });
  }

  headManifest(reference: string, headers: RequestOptions['headers'] = {}): Promise<Answer> {
    return this.request('HEAD', `manifests/${reference}`, { headers: { Accept: acceptManifests, ...headers } });
  }

  putManifest(
    reference: string,
    manifest: Manifest | { bytes: Uint8Array; mediaType: string },
    options: PutManifestOptions = {},
  ) {
    const type = options.type === undefined ? manifest.mediaType : options.type;
    const headers = { ...(type === null ? {} : { 'Content-Type': type }), ...options.headers };
    const query = options.query === undefined ? '' : `?${options.query}`;
    return this.request('PUT', `manifests/${reference}${query}`, { headers, body: manifest.bytes });
  }

  deleteManifest(reference: string): Promise<Answer> {
    return this.request('DELETE', `manifests/${reference}`);
  }

  listTags(query = ''): Promise<Answer> {
    return this.request('GET', `tags/list${query}`);
  }

  listReferrers(digest: string, query = ''): Promise<Answer> {
    return this.request('GET', `referrers/${digest}${query}`);
  }

  /** POST `blobs/uploads/`, whatever comes of it: a session, a mount or a whole blob. */
  postUpload(query = '', options: RequestOptions = {}): Promise<Answer> {
    return this.request('POST', `blobs/uploads/${query}`, options);
  }

  /** The session that an answer 202 opened. */
  sessionOf(answer: Answer): UploadSession {
    expectStatus(answer, 202);
    const here = new URL(answer.request.target, this.#client.baseUrl);
    return new UploadSession(this.#client, new URL(expectHeader(answer, 'Location'), here).href);
  }

  async startUpload(query = ''): Promise<UploadSession> {
    return this.sessionOf(await this.postUpload(query, { headers: { 'Content-Length': '0' } }));
  }

  /** POST then PUT; the answer is the PUT's. */
  async pushBlob(blob: Blob): Promise<Answer> {
    const session = await this.startUpload();
    const answer = await session.put(blob.digest, blob.bytes);
    expectStatus(answer, 201);
    return answer;
  }

  async postBlob(blob: Blob): Promise<Answer> {
    return this.postUpload(`?digest=${blob.digest}`, { headers: octetStream, body: blob.bytes });
  }

  async pushManifest(reference: string, manifest: Manifest, options: PutManifestOptions = {}): Promise<Answer> {
    const answer = await this.putManifest(reference, manifest, options);
    expectStatus(answer, 201);
    return answer;
  }

  /** Blobs first, then the manifest, by its digest unless a tag is given. */
  async pushImage(image: Image, reference: string = image.manifest.digest): Promise<Answer> {
    const blobs = new Map([image.config, ...image.layers].map((blob) => [blob.digest, blob]));
    for (const blob of blobs.values()) await this.pushBlob(blob);
    return this.pushManifest(reference, image.manifest);
  }
}
