// How many uploads somebody may have open, and how many bytes in them that are no blob yet: a client that begins and never ends would
// fill the disk. All servers of a root count the same sessions.
import { RegistryError } from '../oci/error-code.ts';
import type { UploadId } from '../oci/upload-id.ts';
import type { ObjectStore, StagedInfo } from '../storage/object-store.ts';
import type { BodyLimit } from './quota/quotas.ts';

export interface UploadLimitRules {
  /** Whoever shows no name shares one. */
  readonly uploadsPerUser: number | 'off';
  readonly unfinishedBytesPerUser: number | 'off';
}

/** Clients try again by then; sessions end with their push, or when they expire. */
const retryAfter = { 'Retry-After': '5' };

export class UploadLimits {
  readonly #store: ObjectStore;
  readonly #rules: UploadLimitRules;
  /** Whose each session is: that never changes. */
  #uploaders = new Map<UploadId, string | undefined>();

  constructor(store: ObjectStore, rules: UploadLimitRules) {
    this.#store = store;
    this.#rules = rules;
  }

  /** Throws TOOMANYREQUESTS (429). */
  async assertMayStart(uploader: string | undefined): Promise<void> {
    const { uploadsPerUser } = this.#rules;
    if (uploadsPerUser === 'off') return;
    const open = (await this.#sessionsOf(uploader)).length;
    if (open >= uploadsPerUser) throw tooMany(`${open} uploads are open, and ${uploadsPerUser} are allowed`);
  }

  /** How many bytes of one session there may be; undefined: any number. */
  async limitOf(uploader: string | undefined, id: UploadId): Promise<BodyLimit | undefined> {
    const { unfinishedBytesPerUser: allowed } = this.#rules;
    if (allowed === 'off') return undefined;
    const others = (await this.#sessionsOf(uploader)).filter((session) => session.id !== id);
    const bytes = others.reduce((sum, { size }) => sum + size, 0);
    const exceeded = () => tooMany(`uploads that are not finished may hold ${allowed} bytes, and others hold ${bytes}`);
    return { bytes: Math.max(0, allowed - bytes), exceeded };
  }

  async #sessionsOf(uploader: string | undefined): Promise<readonly StagedInfo[]> {
    const sessions = await this.#store.staged();
    const uploaders = new Map<UploadId, string | undefined>();
    for (const { id } of sessions) {
      const isKnown = this.#uploaders.has(id);
      uploaders.set(id, isKnown ? this.#uploaders.get(id) : (await this.#store.resume(id))?.attributes.uploader);
    }
    this.#uploaders = uploaders;
    return sessions.filter(({ id }) => uploaders.get(id) === uploader);
  }
}

function tooMany(detail: string): RegistryError {
  return new RegistryError('TOOMANYREQUESTS', { detail, headers: retryAfter });
}
