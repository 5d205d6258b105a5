// The referrers of a digest within one repository (distribution-spec, Listing Referrers), in pages that clients can hold.
import type { ImageLayout } from '../layout/image-layout.ts';
import { ReferrersBound } from '../layout/manifests/referrers-json.ts';
import { paced, type SteppedWork } from '../layout/pacing/steps.ts';
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
    const isListed = ({ descriptor }: Referrer) => isAsked(descriptor, artifactTypes, after);
    return this.#encode(await paced(firstPage(all, isListed)));
  }

  /** Kept only where nothing is withheld: pages with annotations that are not kept themselves would be megabytes each. */
  #firstOf(all: readonly Referrer[]): Promise<EncodedReferrersPage> {
    const forget = () => this.#encoded.delete(all);
    const make = async () => {
      const page = await paced(firstPage(all, () => true));
      const encoded = await this.#encode(page);
      if (page.manifests.some(({ withheldBytes }) => withheldBytes > 0)) forget();
      return encoded;
    };
    const encoded = make();
    this.#encoded.set(all, encoded);
    encoded.catch(forget);
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
function* firstPage(
  all: readonly Referrer[],
  isListed: (referrer: Referrer) => boolean,
): SteppedWork<PageOf<readonly Referrer[]>> {
  const bound = new ReferrersBound(maxPageBytes);
  const manifests: Referrer[] = [];
  for (const referrer of all) {
    yield;
    if (!isListed(referrer)) continue;
    const last = manifests.at(-1);
    if (!bound.admits(referrer) && last !== undefined) return { manifests, next: last.descriptor.digest };
    manifests.push(referrer);
  }
  return { manifests, next: undefined };
}
