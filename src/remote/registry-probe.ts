// What an inspection of a registry asks beyond what images need: every tag, the referrers API by itself, the sizes of blobs.
import { z } from 'zod';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { isTag, type RepositoryName, type Tag } from '../oci/reference.ts';
import { texts } from '../oci/texts.ts';
import type { HttpAnswer } from './http-answer.ts';
import { everyPage, jsonOf } from './paged-document.ts';
import { listReferrers } from './referrers-list.ts';
import { pullAccess, type Question, type RegistryClient } from './registry-client.ts';
import { retrying } from './retrying.ts';

const tagsPage = z.looseObject({ tags: texts.nullish() });

export class RegistryProbe {
  readonly #client: RegistryClient;

  constructor(client: RegistryClient) {
    this.#client = client;
  }

  /** Those of the referrers tag schema as well. Throws NAME_UNKNOWN. */
  async everyTag(name: RepositoryName): Promise<readonly Tag[]> {
    const tags = await everyPage(this.#client, this.#question(name, 'tags/list', 'NAME_UNKNOWN'), (page) => {
      const parsed = tagsPage.safeParse(jsonOf(page));
      return parsed.success ? (parsed.data.tags ?? []) : undefined;
    });
    return (tags ?? []).filter(isTag);
  }

  /** Undefined where the registry has no referrers API. */
  async referrersByApi(name: RepositoryName, subject: Digest): Promise<readonly Descriptor[] | undefined> {
    try {
      return await listReferrers(this.#client, this.#question(name, `referrers/${subject}`, 'MANIFEST_UNKNOWN'));
    } catch (error) {
      if (error instanceof RegistryError && (error.status === 404 || error.status === 405)) return undefined;
      throw error;
    }
  }

  /**
   * Asks for the first byte, since stores behind redirects refuse HEAD: undefined when the blob is not there, 'unknown' when the
   * answer does not say how large it is.
   */
  blobSize(name: RepositoryName, digest: Digest): Promise<number | 'unknown' | undefined> {
    const question = this.#question(name, `blobs/${digest}`, 'BLOB_UNKNOWN');
    return retrying(this.#client.policy, async () => {
      const answer = await this.#client.ask({ ...question, headers: { range: 'bytes=0-0' } });
      if (answer.status !== 200 && answer.status !== 206 && answer.status !== 416) {
        const refusal = await this.#client.refusal(answer, question);
        if (refusal.status === 404) return undefined;
        throw refusal;
      }
      await answer.discard();
      return sizeOf(answer);
    });
  }

  #question(name: RepositoryName, path: string, unknown: Question['unknown']): Question {
    const url = this.#client.urlOf(`/v2/${name}/${path}`);
    return { url, access: pullAccess(name), headers: {}, sought: `${this.#client.address.host}/${name}`, unknown };
  }
}

/** Of an empty blob the first byte cannot be had: 416, with the size all the same. */
function sizeOf({ status, headers }: HttpAnswer): number | 'unknown' {
  const [, total] = /^bytes (?:\d+-\d+|\*)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  const length = status === 200 ? headers.get('content-length') : total;
  return length === null || length === undefined ? 'unknown' : Number(length);
}
