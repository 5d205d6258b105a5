// The referrers of a digest within one repository (distribution-spec, Listing Referrers), in pages that clients can hold.
import type { ImageLayout } from '../layout/image-layout.ts';
import { ReferrersBound } from '../layout/manifests/referrers-json.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Referrer } from '../oci/manifest-facts.ts';
import { mediaTypes } from '../oci/media-type.ts';

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
/** An image index that lists them, as JSON. */
export type EncodedReferrersPage = PageOf<Uint8Array>;

const beforeManifests = Buffer.from(`{"schemaVersion":2,"mediaType":"${mediaTypes.imageIndex}","manifests":`);
const afterManifests = Buffer.from('}');

/** Clients cap a response at the size of a manifest, so a page stays below 4 MB with its envelope (containerd, oras: 4 MiB). */
const maxPageBytes = 4_000_000;

export class Referrers {
  readonly #layout: ImageLayout;
  /** Of whole lists. These are the same arrays until the snapshot changes, so the page that all clients ask for is made once. */
  readonly #encoded = new WeakMap<readonly Referrer[], Promise<EncodedReferrersPage>>();

  constructor(layout: ImageLayout) {
    this.#layout = layout;
  }

  /** Empty for an unknown repository or subject: never 404 (distribution-spec, Listing Referrers). */
  async list(subject: Digest, request: ReferrersRequest): Promise<ReferrersPage> {
    const { manifests: bytes, next } = await this.listEncoded(subject, request);
    const { manifests } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { manifests: readonly Descriptor[] };
    return { manifests, next };
  }

  /** The same for a client: nothing is decoded only to be encoded again. */
  async listEncoded(subject: Digest, { artifactTypes, after }: ReferrersRequest): Promise<EncodedReferrersPage> {
    const all = await this.#layout.referrers(subject, 'shared');
    if (artifactTypes.length === 0 && after === undefined) return this.#encoded.get(all) ?? this.#firstOf(all);
    return this.#encode(firstPage(all.filter(({ descriptor }) => isAsked(descriptor, artifactTypes, after))));
  }

  /** Kept only where nothing is withheld: pages with annotations that are not kept themselves would be megabytes each. */
  #firstOf(all: readonly Referrer[]): Promise<EncodedReferrersPage> {
    const page = firstPage(all);
    const encoded = this.#encode(page);
    this.#encoded.set(all, encoded);
    const forget = () => this.#encoded.delete(all);
    const isKept = page.manifests.every(({ withheldBytes }) => withheldBytes === 0);
    encoded.then(isKept ? undefined : forget, forget);
    return encoded;
  }

  async #encode({ manifests, next }: PageOf<readonly Referrer[]>): Promise<EncodedReferrersPage> {
    const json = await this.#layout.referrersJson(manifests);
    return { manifests: Buffer.concat([beforeManifests, json, afterManifests]), next };
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
