// The referrers of a digest within one repository (distribution-spec, Listing Referrers), in pages that clients can hold.
import type { ImageLayout } from '../layout/image-layout.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';

export interface ReferrersRequest {
  /** Any of them matches; empty means no filter. */
  readonly artifactTypes: readonly string[];
  /** The last digest of the page before. */
  readonly after?: Digest | undefined;
}

export interface ReferrersPage {
  readonly manifests: readonly Descriptor[];
  /** The position of the next page; undefined on the last one. */
  readonly next: Digest | undefined;
}

/** Clients cap a response at the size of a manifest, so a page stays below 4 MB with its envelope (containerd, oras: 4 MiB). */
const maxPageBytes = 4_000_000;

export class Referrers {
  readonly #layout: ImageLayout;

  constructor(layout: ImageLayout) {
    this.#layout = layout;
  }

  /** Empty for an unknown repository or subject: never 404 (distribution-spec, Listing Referrers). */
  async list(subject: Digest, { artifactTypes, after }: ReferrersRequest): Promise<ReferrersPage> {
    const all = await this.#layout.referrers(subject);
    if (artifactTypes.length === 0 && after === undefined) return firstPage(all);
    const matching = all.filter(
      (each) =>
        (after === undefined || each.digest > after) &&
        (artifactTypes.length === 0 || artifactTypes.includes(each.artifactType ?? '')),
    );
    return firstPage(matching);
  }
}

function firstPage(descriptors: readonly Descriptor[]): ReferrersPage {
  let bytes = 0;
  for (const [at, descriptor] of descriptors.entries()) {
    bytes += sizeInJson(descriptor);
    const last = descriptors[at - 1];
    if (bytes > maxPageBytes && last !== undefined) return { manifests: descriptors.slice(0, at), next: last.digest };
  }
  return { manifests: descriptors, next: undefined };
}

const sizes = new WeakMap<Descriptor, number>();

function sizeInJson(descriptor: Descriptor): number {
  const known = sizes.get(descriptor);
  if (known !== undefined) return known;
  const size = Buffer.byteLength(JSON.stringify(descriptor)) + 1;
  sizes.set(descriptor, size);
  return size;
}
