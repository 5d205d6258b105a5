// A repository elsewhere that is pushed into. What it has is not sent again; what another repository of the registry has is mounted.
import { type Digest, isDigest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { mediaTypes } from '../oci/media-type.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import { type BlobToUpload, BlobUpload, type UploadOptions } from './blob-upload.ts';
import { acceptedManifests, type RemoteManifest } from './manifest-answer.ts';
import { deleteAccess, pushAccess, type Question, type RegistryClient } from './registry-client.ts';
import { retrying } from './retrying.ts';
import { type RemoteUpload, UploadRequests } from './upload-requests.ts';

/** What was learnt of a registry, for all its repositories. */
export interface RegistryHabits {
  takesChunks: boolean;
}

export class RemoteRepository {
  readonly name: RepositoryName;
  readonly #client: RegistryClient;
  readonly #habits: RegistryHabits;
  readonly #signal: AbortSignal;
  readonly #uploads: UploadRequests;

  constructor(client: RegistryClient, name: RepositoryName, habits: RegistryHabits, signal: AbortSignal) {
    this.name = name;
    this.#client = client;
    this.#habits = habits;
    this.#signal = signal;
    this.#uploads = new UploadRequests(client, name, signal);
  }

  /** `HOST/NAME`, for messages. */
  get description(): string {
    return `${this.#client.address.host}/${this.name}`;
  }

  /** 'linked': mounted from `from`, a repository of the same registry. Throws what reading the blob throws, and DIGEST_INVALID. */
  async putBlob(
    blob: BlobToUpload,
    from: RepositoryName | undefined,
    options: UploadOptions & { readonly started: () => void },
  ): Promise<'present' | 'linked' | 'copied'> {
    if (await this.#uploads.holds(blob)) return 'present';
    let begun: RemoteUpload | undefined;
    if (from !== undefined && from !== this.name) {
      const mounted = await this.#uploads.mount(blob.digest, from);
      if (mounted === 'mounted') return 'linked';
      begun = mounted;
    }
    options.started();
    const habits = this.#habits;
    await new BlobUpload(this.#uploads, blob, options).run(
      begun,
      () => habits.takesChunks,
      () => {
        habits.takesChunks = false;
      },
    );
    return 'copied';
  }

  /** Undefined for what is not there, or does not say its digest. */
  digestOf(reference: Reference): Promise<Digest | undefined> {
    const question = this.#question(reference, { method: 'HEAD', headers: { accept: acceptedManifests } });
    return retrying(this.#client.policy, async () => {
      const answer = await this.#client.ask(question);
      if (answer.status !== 200 && answer.status !== 404) throw await this.#client.refusal(answer, question);
      await answer.discard();
      if (answer.status === 404) return undefined;
      const digest = answer.headers.get('docker-content-digest') ?? '';
      return isDigest(digest) ? digest : undefined;
    });
  }

  /** The digest that the registry acknowledged a subject with; undefined where it knows nothing of referrers (distribution-spec, Pushing Manifests with Subject). */
  putManifest(reference: Reference, { bytes, mediaType }: Omit<RemoteManifest, 'digest'>): Promise<string | undefined> {
    const body = {
      size: bytes.byteLength,
      open: async function* () {
        yield bytes;
      },
    };
    const question = this.#question(reference, {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body,
      patience: 4,
    });
    return retrying(this.#client.policy, async () => {
      const answer = await this.#client.ask(question);
      if (answer.status !== 201 && answer.status !== 200 && answer.status !== 202)
        throw await this.#client.refusal(answer, question);
      await answer.discard();
      return answer.headers.get('oci-subject') ?? undefined;
    });
  }

  /** Throws MANIFEST_UNKNOWN; UNSUPPORTED where the registry takes no deletes (distribution-spec, Deleting Manifests, Deleting Tags). */
  deleteManifest(reference: Reference): Promise<void> {
    const question = this.#question(reference, { method: 'DELETE', access: deleteAccess(this.name) });
    return retrying(this.#client.policy, async () => {
      const answer = await this.#client.ask(question);
      if (answer.status !== 202 && answer.status !== 200 && answer.status !== 204)
        throw await this.#client.refusal(answer, question);
      await answer.discard();
    });
  }

  /** Undefined where it is not there. Throws a RegistryError for what may not be read. */
  async document(reference: Reference): Promise<Buffer | undefined> {
    try {
      const accept = mediaTypes.imageIndex;
      return (await this.#client.document(this.#question(reference, { headers: { accept } }))).bytes;
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return undefined;
      throw error;
    }
  }

  #question(reference: Reference, request: Partial<Question>): Question {
    const [written, shown] =
      reference.kind === 'digest' ? [reference.digest, `@${reference.digest}`] : [reference.tag, `:${reference.tag}`];
    return {
      url: this.#client.urlOf(`/v2/${this.name}/manifests/${written}`),
      headers: {},
      access: pushAccess(this.name),
      sought: `${this.description}${shown}`,
      unknown: 'MANIFEST_UNKNOWN',
      signal: this.#signal,
      ...request,
    };
  }
}
