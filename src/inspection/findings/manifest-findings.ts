// Every entry of a layout and all that it leads to: manifests, their children, configs and layers, and what they refer to.

import { printImageName } from '../../layout/index/image-name.ts';
import type { IndexEntry } from '../../layout/index/index-entry.ts';
import type { LayoutIndex } from '../../layout/index/layout-index.ts';
import { ManifestWalk } from '../../layout/manifests/manifest-walk.ts';
import { Pace } from '../../layout/pacing/pace.ts';
import { isAttestation } from '../../oci/annotations.ts';
import type { DescriptorReference } from '../../oci/descriptor.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import { contentOf, type Manifest } from '../../oci/manifest.ts';
import { isManifestType, isNonDistributableType, mediaTypes } from '../../oci/media-type.ts';
import type { ContentChecks } from './content-checks.ts';
import { fieldsOf } from './entry-fields.ts';
import { findDigest } from './file-findings.ts';
import type { FindingSubject } from './finding.ts';
import type { InspectedLayout } from './inspected-layout.ts';

/** More than a server looks through for one request: somebody waits for all that there is to find. */
const maxManifests = 500_000;

interface ReachedManifest {
  readonly digest: Digest;
  readonly mediaType: string | undefined;
  readonly subject: FindingSubject;
  /** What its entry is called. */
  readonly entry: string | undefined;
  /** A referrers response: what it lists in vain is a matter of the response. */
  readonly isResponse: boolean;
  readonly isAttestation: boolean;
}

/** Costs a stat of each blob, and reads each manifest. */
export async function findContent(
  inspected: InspectedLayout,
  checks: ContentChecks,
  index: LayoutIndex,
): Promise<void> {
  const walk = new ContentWalk(inspected, checks);
  for (const entry of index.entries) {
    const reached = await walk.entry(entry);
    if (reached !== undefined) await walk.from(reached);
  }
}

/** The same of one manifest: by what an entry lists it as, where one does. */
export async function findContentOf(
  inspected: InspectedLayout,
  checks: ContentChecks,
  root: IndexEntry | { readonly digest: Digest },
): Promise<void> {
  const walk = new ContentWalk(inspected, checks);
  const reached = 'key' in root ? await walk.entry(root) : await walk.unlisted(root.digest);
  if (reached !== undefined) await walk.from(reached);
}

class ContentWalk {
  readonly #inspected: InspectedLayout;
  readonly #checks: ContentChecks;
  readonly #manifests = new ManifestWalk<ReachedManifest>(maxManifests);
  readonly #pace = new Pace();

  constructor(inspected: InspectedLayout, checks: ContentChecks) {
    this.#inspected = inspected;
    this.#checks = checks;
  }

  /** What the entry leads to; undefined when that is nothing to read. */
  async entry(entry: IndexEntry): Promise<ReachedManifest | undefined> {
    const { size, mediaType, rank } = entry;
    await this.#pace.step();
    const name = shownName(entry);
    const digest = findDigest(this.#inspected, entry.digest ?? fieldsOf(entry).digest, name);
    if (digest === undefined) return undefined;
    const subject = { name };
    if (mediaType === undefined) this.#checks.report('missing-media-type', { digest, ...subject });
    const missing = name === undefined ? 'dangling-entry' : 'dangling-tag';
    if (!(await this.#checks.check({ digest, size }, missing, subject))) return undefined;
    return { digest, mediaType, subject, entry: name, isResponse: rank === 3, isAttestation: false };
  }

  /** A manifest that no entry lists: an index does, or it was asked for by its digest. */
  async unlisted(digest: Digest): Promise<ReachedManifest | undefined> {
    const size = await this.#checks.size(digest);
    if (!(await this.#checks.check({ digest, size: size ?? 0 }, 'dangling-entry', {}))) return undefined;
    const subject = {};
    return { digest, mediaType: undefined, subject, entry: undefined, isResponse: false, isAttestation: false };
  }

  async from(first: ReachedManifest): Promise<void> {
    await this.#manifests.add([first]);
    for await (const reached of this.#manifests) await this.#manifests.add(await this.#read(reached));
    if (this.#manifests.isWhole) return;
    this.#checks.report('look-ended', { name: 'manifests', detail: `${maxManifests} manifests were read` });
  }

  async #read({
    digest,
    mediaType,
    subject,
    entry,
    isResponse,
    isAttestation,
  }: ReachedManifest): Promise<readonly ReachedManifest[]> {
    if (mediaType !== undefined && !isManifestType(mediaType)) {
      this.#checks.report('unknown-media-type', { digest, ...subject, detail: mediaType });
      return [];
    }
    if (mediaType === mediaTypes.dockerManifest || mediaType === mediaTypes.dockerManifestList) {
      this.#checks.report('docker-media-type', { digest, ...subject });
    } else if (mediaType === mediaTypes.artifactManifest) {
      this.#checks.report('artifact-manifest', { digest, ...subject });
    }
    const manifest = await this.#checks.manifest(digest, mediaType, subject);
    if (manifest === undefined) return [];
    if (manifest.subject !== undefined) await this.#checkSubject(digest, manifest.subject);
    else if (isAttestation) this.#checks.report('attestation-without-subject', { digest, ...subject });
    if (manifest.kind !== 'index') return this.#content(digest, manifest, entry);
    return this.#children(digest, manifest, { isResponse, entry });
  }

  async #checkSubject(referrer: Digest, { digest, size }: DescriptorReference): Promise<void> {
    const actual = isDigest(digest) ? await this.#checks.size(digest) : undefined;
    const subject = { digest: referrer, detail: `of ${digest}` };
    if (actual === undefined) this.#checks.report('missing-subject', subject);
    else if (actual !== size) {
      const detail = `${digest} has ${actual} bytes, and ${size} by the referrer`;
      this.#checks.report('wrong-subject-size', { digest: referrer, detail });
    }
  }

  async #children(
    index: Digest,
    { manifests }: Extract<Manifest, { kind: 'index' }>,
    { isResponse, entry }: Pick<ReachedManifest, 'isResponse' | 'entry'>,
  ): Promise<readonly ReachedManifest[]> {
    const reached: ReachedManifest[] = [];
    for (const { digest, mediaType, size, annotations } of manifests) {
      const subject = { detail: `in ${index}` };
      const leading = { ...subject, entry, holder: index };
      const isThere = await this.#checks.check({ digest, size }, isResponse ? undefined : 'missing-child', leading);
      await this.#pace.step();
      if (!isThere || !isDigest(digest)) continue;
      reached.push({ digest, mediaType, subject, entry, isResponse: false, isAttestation: isAttestation(annotations) });
    }
    return reached;
  }

  async #content(
    image: Digest,
    manifest: Exclude<Manifest, { kind: 'index' }>,
    entry: string | undefined,
  ): Promise<readonly ReachedManifest[]> {
    for (const blob of contentOf(manifest)) {
      const missing = isNonDistributableType(blob.mediaType) ? undefined : 'missing-content';
      await this.#checks.check(blob, missing, { detail: `in ${image}`, entry, holder: image });
      await this.#pace.step();
    }
    return [];
  }
}

/** How an entry is called in a finding; undefined for those without a name. */
export function shownName({ name }: IndexEntry): string | undefined {
  if (name.kind === 'tag') return name.tag;
  if (name.kind === 'full') return printImageName({ ...name.image, tag: name.image.tag ?? name.bareTag });
  return name.kind === 'unusable' ? name.text : undefined;
}
