// What goes when an operator removes a tag, a manifest or a repository: told before anything is changed.
import type { ImageLayout } from '../layout/image-layout.ts';
import type { RepositoryNames } from '../layout/names/repository-names.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { Reference, Tag } from '../oci/reference.ts';

/** A tag alone, or a manifest with all its tags. */
export type RemovalPlan =
  | { readonly kind: 'tag'; readonly tag: Tag; readonly digest: Digest }
  | { readonly kind: 'manifest'; readonly digest: Digest; readonly tags: readonly Tag[] };

export class Removals {
  readonly #layout: ImageLayout;
  readonly #names: RepositoryNames;

  constructor(layout: ImageLayout, names: RepositoryNames) {
    this.#layout = layout;
    this.#names = names;
  }

  /** Throws NAME_UNKNOWN, MANIFEST_UNKNOWN. */
  async of(reference: Reference): Promise<RemovalPlan> {
    const index = await this.#layout.readIndex();
    if (index === undefined || !this.#names.existsIn(index)) throw new RegistryError('NAME_UNKNOWN');
    if (reference.kind === 'tag') {
      const digest = this.#names.entryOf(index, reference.tag)?.digest;
      if (digest === undefined) throw new RegistryError('MANIFEST_UNKNOWN', { detail: 'no such tag' });
      return { kind: 'tag', tag: reference.tag, digest };
    }
    const { digest } = reference;
    const found = await this.#layout.findManifest(digest, this.#names);
    if (found === undefined) throw new RegistryError('MANIFEST_UNKNOWN', { detail: 'no such manifest' });
    return { kind: 'manifest', digest, tags: await this.#tagsOf(digest) };
  }

  /**
   * Everything: of a layout that is one repository each manifest that is listed, of one among several its tags, since what they lead to
   * may be another one's. Throws NAME_UNKNOWN.
   */
  async all(): Promise<readonly RemovalPlan[]> {
    const index = await this.#layout.readIndex();
    if (index === undefined || !this.#names.existsIn(index)) throw new RegistryError('NAME_UNKNOWN');
    if (await this.#isAmongOthers()) {
      const tags = (await this.#layout.tags(this.#names)) ?? [];
      return Promise.all(tags.map((tag) => this.of({ kind: 'tag', tag })));
    }
    const tagsOf = new Map<Digest, Tag[]>();
    for (const { digest } of index.entries) if (digest !== undefined) tagsOf.set(digest, []);
    for (const tag of (await this.#layout.tags(this.#names)) ?? []) {
      const digest = this.#names.entryOf(index, tag)?.digest;
      if (digest !== undefined) tagsOf.get(digest)?.push(tag);
    }
    return Array.from(tagsOf, ([digest, tags]) => ({ kind: 'manifest', digest, tags }));
  }

  /** How many entries of the file stay when all of it went: of types and digests that are not understood. */
  async left(): Promise<number> {
    return (await this.#isAmongOthers()) ? 0 : ((await this.#layout.readIndex())?.entries.length ?? 0);
  }

  async #isAmongOthers(): Promise<boolean> {
    return this.#names.path !== '' || (await this.#layout.isShared());
  }

  async #tagsOf(digest: Digest): Promise<readonly Tag[]> {
    const index = await this.#layout.readIndex();
    const tags = (await this.#layout.tags(this.#names)) ?? [];
    return tags.filter((tag) => index !== undefined && this.#names.entryOf(index, tag)?.digest === digest);
  }
}
