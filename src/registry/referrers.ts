// The referrers of a digest within one repository (distribution-spec, Listing Referrers), in pages that clients can hold.
import type { ImageLayout } from '../layout/image-layout.ts';
import { ReferrersBound } from '../layout/manifests/referrers-json.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Referrer } from '../oci/manifest-facts.ts';

export interface ReferrersRequest {
  /** Any of them matches; empty means no filter. */
  readonly artifactTypes: readonly string[];
  /** The last digest of the page before. */
  readonly after?: Digest | undefined;
}

interface PageOf<List> {
  readonly manifests: List;
  /** The position of the next page; undefined on the last one. */
  readonly next: Digest | undefined;
}

export type ReferrersPage = PageOf<readonly Descriptor[]>;
/** The JSON array of their descriptors. */
export type EncodedReferrersPage = PageOf<Uint8Array>;

/** Clients cap a response at the size of a manifest, so a page stays below 4 MB with its envelope (containerd, oras: 4 MiB). */
const maxPageBytes = 4_000_000;

export class Referrers {
  readonly #layout: ImageLayout;
  /** The lists of a snapshot are the same arrays until the snapshot changes, so each is encoded once. */
  readonly #encoded = new WeakMap<readonly Referrer[], Promise<Uint8Array>>();

  constructor(layout: ImageLayout) {
    this.#layout = layout;
  }

  /** Empty for an unknown repository or subject: never 404 (distribution-spec, Listing Referrers). */
  async list(subject: Digest, request: ReferrersRequest): Promise<ReferrersPage> {
    const { manifests, next } = await this.listEncoded(subject, request);
    return { manifests: JSON.parse(Buffer.from(manifests).toString('utf8')) as readonly Descriptor[], next };
  }

  /** The same for a client: nothing is decoded only to be encoded again. */
  async listEncoded(subject: Digest, { artifactTypes, after }: ReferrersRequest): Promise<EncodedReferrersPage> {
    const all = await this.#layout.referrers(subject);
    const isEvery = artifactTypes.length === 0 && after === undefined;
    const { manifests, next } = firstPage(
      isEvery ? all : all.filter(({ descriptor }) => isAsked(descriptor, artifactTypes, after)),
    );
    return { manifests: await this.#encode(manifests, all), next };
  }

  /** Only whole lists come again, and only of what is kept anyway: pages with annotations that are not would be megabytes each. */
  #encode(page: readonly Referrer[], all: readonly Referrer[]): Promise<Uint8Array> {
    const known = this.#encoded.get(page);
    if (known !== undefined) return known;
    const json = this.#layout.referrersJson(page);
    if (page === all && page.every(({ withheldBytes }) => withheldBytes === 0)) this.#encoded.set(page, json);
    return json;
  }
}

function isAsked({ digest, artifactType }: Descriptor, artifactTypes: readonly string[], after: Digest | undefined) {
  return (
    (after === undefined || digest > after) &&
    (artifactTypes.length === 0 || artifactTypes.includes(artifactType ?? ''))
  );
}

/** Told by sizes alone: an entry has at most a megabyte of annotations, so there is always one that fits. */
function firstPage(referrers: readonly Referrer[]): PageOf<readonly Referrer[]> {
  const bound = new ReferrersBound(maxPageBytes);
  for (const [at, referrer] of referrers.entries()) {
    const last = referrers[at - 1];
    if (!bound.admits(referrer) && last !== undefined) {
      return { manifests: referrers.slice(0, at), next: last.descriptor.digest };
    }
  }
  return { manifests: referrers, next: undefined };
}
