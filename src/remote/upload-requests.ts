// The requests of an upload into a repository elsewhere (distribution-spec, Pushing Blobs): where each goes, and what its answer means.
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { HttpAnswer } from './http-answer.ts';
import { pushAccess, type Question, type RegistryClient } from './registry-client.ts';
import { RemoteError, TransientError } from './remote-error.ts';
import { retrying } from './retrying.ts';
import type { RequestBody } from './transport.ts';

/** An upload that the registry has begun. Every answer may move it. */
export interface RemoteUpload {
  readonly location: URL;
  /** Bytes that the registry has kept. */
  readonly offset: number;
  /** Bytes that every chunk but the last must have at least (OCI-Chunk-Min-Length); 0 where the registry asks for none. */
  readonly leastChunk: number;
}

/** Registries hash what they got, and some copy it once more, before they answer. */
const commitPatience = 20;
const chunkPatience = 4;

export class UploadRequests {
  readonly #client: RegistryClient;
  readonly #name: RepositoryName;
  readonly #signal: AbortSignal;

  constructor(client: RegistryClient, name: RepositoryName, signal: AbortSignal) {
    this.#client = client;
    this.#name = name;
    this.#signal = signal;
  }

  get policy() {
    return this.#client.policy;
  }

  /** Of another size than it should have, it is not there. */
  holds({ digest, size }: { readonly digest: Digest; readonly size: number }): Promise<boolean> {
    const url = this.#client.urlOf(`/v2/${this.#name}/blobs/${digest}`);
    const question = this.#question(url, { method: 'HEAD' });
    return retrying(this.policy, async () => {
      const answer = await this.#client.ask(question);
      // 401 of somebody whom the registry led to: it could not be asked there.
      const isElsewhere = answer.url.origin !== url.origin;
      if (answer.status === 404 || (isElsewhere && answer.status === 401)) {
        await answer.discard();
        return false;
      }
      // A store that the registry leads to has the blob, and may not like to be asked so: links are signed for GET.
      if (isElsewhere && answer.status !== 200) {
        await answer.discard();
        return true;
      }
      await this.#accepted(answer, question, [200]);
      const length = answer.headers.get('content-length');
      return length === null || Number(length) === size;
    });
  }

  start(): Promise<RemoteUpload> {
    const url = this.#client.urlOf(`/v2/${this.#name}/blobs/uploads/`);
    const question = this.#question(url, { method: 'POST' });
    return retrying(this.policy, async () => {
      const answer = await this.#answered(question, [202]);
      return sessionOf(answer, 0, url);
    });
  }

  /** A session where the registry does not mount; undefined where it refuses to be asked. */
  async mount(digest: Digest, from: RepositoryName): Promise<'mounted' | RemoteUpload | undefined> {
    const url = this.#client.urlOf(`/v2/${this.#name}/blobs/uploads/`);
    url.searchParams.set('mount', digest);
    url.searchParams.set('from', from);
    const question = { ...this.#question(url, { method: 'POST' }), access: pushAccess(this.#name, from) };
    return retrying(this.policy, async () => {
      const answer = await this.#client.ask(question);
      await answer.discard();
      if (answer.status === 201) return 'mounted';
      // Who may push here need not be allowed to read there.
      return answer.status === 202 ? sessionOf(answer, 0, url) : undefined;
    });
  }

  /** One try, from the session's offset on. Throws a TransientError for a chunk that does not fit: the session is to be asked again. */
  async append(session: RemoteUpload, body: RequestBody): Promise<RemoteUpload> {
    const { location, offset, leastChunk } = session;
    const end = offset + body.size;
    const headers = { 'content-type': 'application/octet-stream', 'content-range': `${offset}-${end - 1}` };
    const question = this.#question(location, { method: 'PATCH', headers, body, patience: chunkPatience });
    const answer = await this.#client.ask(question);
    // 416: it holds another number of bytes than we believe. 404: it has forgotten the session.
    if (answer.status === 416 || answer.status === 404)
      throw new TransientError(await this.#client.refusal(answer, question));
    const appended = await this.#accepted(answer, question, [202, 201, 204]);
    return { ...sessionOf(appended, end, location), leastChunk };
  }

  /** Undefined where the registry does not know the session any more, or cannot be asked for one. */
  status(session: RemoteUpload): Promise<RemoteUpload | undefined> {
    const question = this.#question(session.location, {});
    return retrying(this.policy, async () => {
      const answer = await this.#client.ask(question);
      await answer.discard();
      if (answer.status !== 204 && answer.status !== 200 && answer.status !== 202) return undefined;
      return { ...sessionOf(answer, 0, session.location), leastChunk: session.leastChunk };
    });
  }

  /** One try; `body` is all that is missing. */
  async commit({ location }: RemoteUpload, digest: Digest, body?: RequestBody): Promise<void> {
    const url = new URL(location);
    url.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    const question = { method: 'PUT' as const, headers, patience: commitPatience };
    // Some registries want to be told that nothing comes.
    const sent = body ?? { size: 0, open: async function* () {} };
    await this.#answered(this.#question(url, { ...question, body: sent }), [201, 204]);
  }

  /** What is not wanted any more expires by itself where this fails. */
  async cancel({ location }: RemoteUpload): Promise<void> {
    const question = this.#question(location, { method: 'DELETE' });
    const answer = await this.#client.ask({ ...question, signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    await answer?.discard();
  }

  async #answered(question: Question, wanted: readonly number[]): Promise<HttpAnswer> {
    return this.#accepted(await this.#client.ask(question), question, wanted);
  }

  async #accepted(answer: HttpAnswer, question: Question, wanted: readonly number[]): Promise<HttpAnswer> {
    if (!wanted.includes(answer.status)) throw await this.#client.refusal(answer, question);
    await answer.discard();
    return answer;
  }

  #question(url: URL, request: Partial<Question>): Question {
    const sought = `${this.#client.address.host}/${this.#name}`;
    const access = pushAccess(this.#name);
    return { url, headers: {}, access, sought, unknown: 'NAME_UNKNOWN', signal: this.#signal, ...request };
  }
}

function sessionOf({ headers, url }: HttpAnswer, otherwise: number, asked: URL): RemoteUpload {
  const location = headers.get('location');
  const least = Number(headers.get('oci-chunk-min-length') ?? 0);
  return {
    location: location === null ? asked : uploadUrl(location, url),
    offset: keptBytes(headers.get('range')) ?? otherwise,
    leastChunk: Number.isSafeInteger(least) && least > 0 ? least : 0,
  };
}

/** `Range: 0-1023`, with or without `bytes=`. Registries write `0-0` of nothing at all, and hardly ever of a single byte. */
function keptBytes(header: string | null): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(header ?? '') ?? [];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}

/** Registries behind a proxy name a scheme or a port of their own: only another host is believed, and never one over plain HTTP. */
function uploadUrl(location: string, asked: URL): URL {
  if (!URL.canParse(location, asked.href)) throw new RemoteError(asked.host, 'the place of an upload is not a URL');
  const url = new URL(location, asked.href);
  if (url.hostname === asked.hostname) return new URL(`${url.pathname}${url.search}`, asked.origin);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && asked.protocol === 'http:')) return url;
  throw new RemoteError(asked.host, `it wants an upload to go to ${url.protocol}//${url.host}`);
}
