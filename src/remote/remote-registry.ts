// A registry elsewhere, over HTTP: what it has is read, and nothing is written. Has the methods of transfer's ImageSource.
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Descriptor, DescriptorReference } from '../oci/descriptor.ts';
import { type Digest, isDigest, isDigestLike, parseDigest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { type Manifest, parseManifest, referrerDescriptorOf, subjectOf } from '../oci/manifest.ts';
import { isRepositoryName, isTag, type Reference, type RepositoryName, type Tag } from '../oci/reference.ts';
import { isReferrersTag, referrersTagOf } from '../oci/referrers-tag.ts';
import { texts } from '../oci/texts.ts';
import { downloadBlob } from './blob-download.ts';
import { acceptedManifests, checkedManifest, type RemoteManifest } from './manifest-answer.ts';
import { everyPage, jsonOf } from './paged-document.ts';
import { listReferrers } from './referrers-list.ts';
import { pullAccess, type Question, type RegistryClient } from './registry-client.ts';
import { RemoteError } from './remote-error.ts';
import { readTagHistory, type TagEvent } from './tag-history.ts';

const catalogPage = z.looseObject({ repositories: texts.nullish() });
const tagsPage = z.looseObject({ tags: texts.nullish() });

const cachedManifestBytes = 32 * 1024 * 1024;

export class RemoteRegistry {
  readonly description: string;
  readonly #client: RegistryClient;
  /** By repository and digest: a tree meets the same manifests again, and so does whoever copies it. */
  readonly #manifests = new LRUCache<string, RemoteManifest>({
    maxSize: cachedManifestBytes,
    sizeCalculation: ({ bytes }) => bytes.byteLength + 200,
  });

  constructor(client: RegistryClient) {
    this.#client = client;
    this.description = client.address.url.origin;
  }

  /** Whether a push to `origin` goes to where this reads from: there, blobs are mounted. */
  isAt(origin: string): boolean {
    return this.#client.address.url.origin === origin;
  }

  /** In byte order. Throws UNSUPPORTED where there is no catalog. */
  async repositories(): Promise<readonly RepositoryName[]> {
    const question: Question = {
      url: this.#client.urlOf('/v2/_catalog'),
      access: { scope: 'registry:catalog:*', name: '' },
      headers: {},
      sought: `the list of repositories of ${this.#client.address.host}`,
      unknown: 'UNSUPPORTED',
    };
    const names = await everyPage(this.#client, question, (page) => {
      const parsed = catalogPage.safeParse(jsonOf(page));
      return parsed.success ? (parsed.data.repositories ?? []) : undefined;
    });
    if (names === undefined) throw this.#noRegistry();
    return inByteOrder(names.filter(isRepositoryName));
  }

  /** In byte order, without those of the referrers tag schema. Throws NAME_UNKNOWN. */
  async tags(name: RepositoryName): Promise<readonly Tag[]> {
    const question = this.#question(name, 'tags/list', this.#nameOf(name), 'NAME_UNKNOWN');
    const tags = await everyPage(this.#client, question, (page) => {
      const parsed = tagsPage.safeParse(jsonOf(page));
      return parsed.success ? (parsed.data.tags ?? []) : undefined;
    });
    if (tags === undefined) throw this.#noRegistry();
    return inByteOrder(tags.filter(isTag).filter((tag) => !isReferrersTag(tag)));
  }

  /** No endpoint lists them. */
  async untagged(): Promise<readonly Digest[]> {
    return [];
  }

  /** Throws NAME_UNKNOWN or MANIFEST_UNKNOWN. The digest of what is returned was checked. */
  async manifest(name: RepositoryName, reference: Reference): Promise<RemoteManifest> {
    const known = reference.kind === 'digest' ? this.#manifests.get(`${name}@${reference.digest}`) : undefined;
    if (known !== undefined) return known;
    const shown = reference.kind === 'digest' ? `@${reference.digest}` : `:${reference.tag}`;
    const path = `manifests/${reference.kind === 'digest' ? reference.digest : reference.tag}`;
    const question = this.#question(name, path, `${this.#nameOf(name)}${shown}`, 'MANIFEST_UNKNOWN');
    const { answer, bytes } = await this.#client.document({ ...question, headers: { accept: acceptedManifests } });
    const manifest = checkedManifest(this.#client.address.host, reference, answer.headers, bytes);
    this.#manifests.set(`${name}@${manifest.digest}`, manifest);
    return manifest;
  }

  /** As the registry lists them; without the API, those of the referrers tag whose manifests exist and say so themselves. */
  async referrers(name: RepositoryName, subject: Digest): Promise<readonly Descriptor[]> {
    const sought = `the referrers of ${this.#nameOf(name)}@${subject}`;
    const question = this.#question(name, `referrers/${subject}`, sought, 'MANIFEST_UNKNOWN');
    const listed = await absentAs404(listReferrers(this.#client, question));
    return listed ?? this.#referrersByTag(name, subject);
  }

  /** What a tag meant over time, the newest first; undefined where the registry does not tell (404). */
  tagHistory(name: RepositoryName, tag: Tag): Promise<readonly TagEvent[] | undefined> {
    const sought = `the history of ${this.#nameOf(name)}:${tag}`;
    const question = this.#question(name, `_oci/tag-history/${tag}`, sought, 'MANIFEST_UNKNOWN');
    return absentAs404(readTagHistory(this.#client, question));
  }

  /** The bytes of a blob from offset `from` on; they are not checked, and end where the descriptor says. Throws BLOB_UNKNOWN. */
  readBlob(name: RepositoryName, blob: DescriptorReference, from: number): AsyncIterable<Uint8Array> {
    // It becomes a part of a URL.
    const digest = isDigestLike(blob.digest) ? blob.digest : parseDigest(blob.digest);
    const question = this.#question(name, `blobs/${digest}`, `${this.#nameOf(name)}@${digest}`, 'BLOB_UNKNOWN');
    return downloadBlob(this.#client, question, blob, from);
  }

  /** Nothing is held: connections end by themselves. */
  async close(): Promise<void> {
    this.#manifests.clear();
  }

  async #referrersByTag(name: RepositoryName, subject: Digest): Promise<readonly Descriptor[]> {
    const tag = referrersTagOf(subject);
    const response = await absentAs404(this.manifest(name, { kind: 'tag', tag }));
    if (response === undefined) return [];
    const list = readable(response);
    const entries = list?.kind === 'index' ? list.manifests : [];
    const found: Descriptor[] = [];
    // One after the other: registries without the API have few of them, and each is read again by whoever asked.
    for (const { digest } of entries) {
      const referrer = await this.#referrer(name, digest, subject);
      if (referrer !== undefined) found.push(referrer);
    }
    return found;
  }

  /** Clients leave entries of deleted manifests behind, and may write into the list what they like. */
  async #referrer(name: RepositoryName, digest: string, subject: Digest): Promise<Descriptor | undefined> {
    if (!isDigest(digest)) return undefined;
    const stored = await absentAs404(this.manifest(name, { kind: 'digest', digest }));
    const manifest = stored === undefined ? undefined : readable(stored);
    if (stored === undefined || manifest === undefined || subjectOf(manifest) !== subject) return undefined;
    return referrerDescriptorOf(manifest, stored.digest, stored.bytes.byteLength);
  }

  #question(name: RepositoryName, path: string, sought: string, unknown: Question['unknown']): Question {
    const url = this.#client.urlOf(`/v2/${name}/${path}`);
    return { url, access: pullAccess(name), headers: {}, sought, unknown };
  }

  #nameOf(name: RepositoryName): string {
    return `${this.#client.address.host}/${name}`;
  }

  #noRegistry(): RemoteError {
    return new RemoteError(this.#client.address.host, 'its answer is not that of a registry; is it one?');
  }
}

/** Undefined for what the registry does not have, or does not know how to answer. */
async function absentAs404<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return undefined;
    throw error;
  }
}

/** Undefined for what is no manifest: it is no list of referrers then, and refers to nothing. */
function readable({ bytes, mediaType }: RemoteManifest): Manifest | undefined {
  try {
    return parseManifest(bytes, mediaType);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

function inByteOrder<Text extends string>(texts: readonly Text[]): readonly Text[] {
  return [...new Set(texts)].sort((one, other) => (one < other ? -1 : 1));
}
