// All that the tags of one repository of a registry lead to, compared with what its descriptors and lists promise. Bounded.

import { isAttestation } from '../oci/annotations.ts';
import type { DescriptorReference } from '../oci/descriptor.ts';
import { algorithmOf, type Digest, Digester, isDigest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { contentOf, type Manifest, parseManifest, subjectOf } from '../oci/manifest.ts';
import { isManifestType, isNonDistributableType, mediaTypes } from '../oci/media-type.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import { isReferrersTag, referrersTagOf } from '../oci/referrers-tag.ts';
import type { RegistryProbe } from '../remote/registry-probe.ts';
import { RemoteError } from '../remote/remote-error.ts';
import type { ImageSource } from '../transfer/image-source.ts';
import { walkLevels } from '../transfer/level-walk.ts';
import type { BlobProgress } from '../transfer/progress.ts';
import type { FindingCode, FindingSubject } from './findings/finding.ts';
import type { FindingList } from './findings/finding-list.ts';

export interface InspectedRegistry {
  readonly source: ImageSource;
  readonly probe: RegistryProbe;
  /** Downloads every blob and compares its digest. */
  readonly verify: boolean;
  readonly progress: BlobProgress;
}

interface PromisedManifest {
  readonly reference: Reference;
  /** Undefined for a tag, of which nothing was promised. */
  readonly promised: DescriptorReference | undefined;
  readonly missing: FindingCode;
  readonly subject: FindingSubject;
  /** What it is listed as a referrer of. */
  readonly refersTo: Digest | undefined;
  /** By its referrers tag only, although the registry has the API. */
  readonly isOnlyTagged: boolean;
  readonly isAttestation: boolean;
}

const concurrency = 8;
/** Each costs requests to somebody else's registry. */
const maxManifests = 5_000;

export class RepositoryWalk {
  readonly #registry: InspectedRegistry;
  readonly #name: RepositoryName;
  readonly #findings: FindingList;
  readonly #seen = new Set<string>();
  readonly #sizes = new Map<string, Promise<number | 'unknown' | undefined>>();
  readonly #manifestSizes = new Map<string, number>();
  readonly #referrersTags = new Set<string>();
  #hasApi = true;

  constructor(registry: InspectedRegistry, name: RepositoryName, findings: FindingList) {
    this.#registry = registry;
    this.#name = name;
    this.#findings = findings;
  }

  /** Returns how many tags there are. Throws where the repository cannot be read at all. */
  async walk(reference: Reference | undefined): Promise<number> {
    const tags = await this.#registry.probe.everyTag(this.#name);
    for (const tag of tags) if (isReferrersTag(tag)) this.#referrersTags.add(tag);
    const references: readonly Reference[] =
      reference === undefined
        ? tags.filter((tag) => !isReferrersTag(tag)).map((tag) => ({ kind: 'tag', tag }))
        : [reference];
    const first = references.map(
      (each): PromisedManifest => ({
        reference: each,
        promised: undefined,
        missing: 'dangling-tag',
        subject: { name: each.kind === 'tag' ? each.tag : each.digest },
        refersTo: undefined,
        isOnlyTagged: false,
        isAttestation: false,
      }),
    );
    await walkLevels(first, {
      concurrency,
      read: (reached) => this.#visit(reached),
      admit: (found) => (this.#isNew(found) ? found : undefined),
    });
    if (!this.#hasApi) this.#findings.add('no-referrers-api', {});
    return tags.length - this.#referrersTags.size;
  }

  #isNew({ promised }: PromisedManifest): boolean {
    const id = promised?.digest ?? '';
    if (this.#seen.has(id)) return false;
    if (this.#seen.size === maxManifests) {
      this.#findings.add('look-ended', { detail: `${maxManifests} manifests were read` });
    }
    this.#seen.add(id);
    return this.#seen.size <= maxManifests;
  }

  async #visit(reached: PromisedManifest): Promise<readonly PromisedManifest[]> {
    const { reference, promised, missing, subject } = reached;
    const about = { ...subject, ...(promised === undefined ? {} : { digest: promised.digest }) };
    const stored = await this.#stored(reference, missing, about);
    if (stored === undefined) return [];
    const { digest, bytes, mediaType } = stored;
    this.#seen.add(digest);
    this.#manifestSizes.set(digest, bytes.byteLength);
    if (promised !== undefined && promised.size !== bytes.byteLength) {
      this.#findings.add('wrong-size', { ...about, detail: sizes(bytes.byteLength, promised.size) });
    }
    if (mediaType === mediaTypes.dockerManifest || mediaType === mediaTypes.dockerManifestList) {
      this.#findings.add('docker-media-type', { ...subject, digest });
    } else if (mediaType === mediaTypes.artifactManifest) {
      this.#findings.add('artifact-manifest', { ...subject, digest });
    }
    const manifest = this.#parsed(bytes, promised?.mediaType ?? mediaType, { ...about, digest });
    if (manifest === undefined) return [];
    await this.#checkSubject(reached, digest, manifest);
    const below = manifest.kind === 'index' ? this.#children(digest, manifest) : await this.#content(digest, manifest);
    return [...below, ...(await this.#referrers(digest))];
  }

  async #stored(reference: Reference, missing: FindingCode, about: FindingSubject) {
    try {
      return await this.#registry.source.manifest(this.#name, reference);
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) this.#findings.add(missing, about);
      else if (error instanceof RemoteError) this.#findings.add('wrong-digest', { ...about, detail: error.message });
      else throw error;
      return undefined;
    }
  }

  #parsed(bytes: Uint8Array, mediaType: string, about: FindingSubject): Manifest | undefined {
    try {
      return parseManifest(bytes, mediaType);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const detail = error.entries[0]?.detail;
      const code = isManifestType(mediaType) ? 'not-a-manifest' : 'unknown-media-type';
      this.#findings.add(code, { ...about, detail: isManifestType(mediaType) ? detail : mediaType });
      return undefined;
    }
  }

  async #checkSubject(
    { refersTo, isOnlyTagged, isAttestation }: PromisedManifest,
    digest: Digest,
    manifest: Manifest,
  ): Promise<void> {
    const { subject } = manifest;
    if (isOnlyTagged && subjectOf(manifest) === refersTo) {
      this.#findings.add('not-in-referrers-api', { digest, detail: `of ${refersTo}` });
    }
    if (refersTo !== undefined && subjectOf(manifest) !== refersTo) {
      this.#findings.add('foreign-referrer', { digest, detail: `listed for ${refersTo}` });
    }
    if (subject === undefined) {
      if (isAttestation) this.#findings.add('attestation-without-subject', { digest });
      return;
    }
    if (!isDigest(subject.digest)) return;
    const actual = this.#manifestSizes.get(subject.digest) ?? (await this.#sizeOfManifest(subject.digest));
    if (actual === undefined) this.#findings.add('missing-subject', { digest, detail: `of ${subject.digest}` });
    else if (actual !== subject.size) {
      this.#findings.add('wrong-subject-size', { digest, detail: `${subject.digest}: ${sizes(actual, subject.size)}` });
    }
  }

  async #sizeOfManifest(digest: Digest): Promise<number | undefined> {
    try {
      return (await this.#registry.source.manifest(this.#name, { kind: 'digest', digest })).bytes.byteLength;
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return undefined;
      throw error;
    }
  }

  #children(index: Digest, { manifests }: Extract<Manifest, { kind: 'index' }>): readonly PromisedManifest[] {
    return manifests.flatMap((promised): readonly PromisedManifest[] => {
      const { digest, mediaType, annotations } = promised;
      const subject = { detail: `in ${index}` };
      if (!isDigest(digest) || !isManifestType(mediaType)) return [];
      const reference = { kind: 'digest', digest } as const;
      return [
        {
          reference,
          promised,
          missing: 'missing-child',
          subject,
          refersTo: undefined,
          isOnlyTagged: false,
          isAttestation: isAttestation(annotations),
        },
      ];
    });
  }

  async #content(image: Digest, manifest: Exclude<Manifest, { kind: 'index' }>): Promise<readonly PromisedManifest[]> {
    const content = contentOf(manifest);
    const blobs = content.flatMap(({ digest, size, mediaType }) =>
      isDigest(digest) && !isNonDistributableType(mediaType) && !this.#sizes.has(digest) ? [{ digest, size }] : [],
    );
    if (this.#registry.verify) this.#registry.progress.blobsExpected(blobs);
    for (const { digest, size, mediaType } of content) {
      if (isNonDistributableType(mediaType) || !isDigest(digest)) continue;
      const isFirst = !this.#sizes.has(digest);
      const asked = this.#sizes.get(digest) ?? this.#registry.probe.blobSize(this.#name, digest);
      this.#sizes.set(digest, asked);
      const actual = await asked;
      const subject = { digest, detail: `in ${image}` };
      if (actual === undefined) {
        if (isFirst) this.#findings.add('missing-content', subject);
      } else if (actual !== 'unknown' && actual !== size) {
        this.#findings.add('wrong-size', { ...subject, detail: sizes(actual, size) });
      } else if (isFirst && this.#registry.verify) await this.#verify({ digest, size, mediaType }, digest);
    }
    return [];
  }

  async #verify(blob: DescriptorReference, digest: Digest): Promise<void> {
    const { source, progress } = this.#registry;
    const digester = new Digester(algorithmOf(digest));
    progress.blobStarted({ digest, size: blob.size }, 0);
    for await (const chunk of source.readBlob(this.#name, blob, 0)) {
      digester.update(chunk);
      progress.blobAdvanced({ digest, size: blob.size }, chunk.byteLength);
    }
    progress.blobFinished({ digest, size: blob.size }, 'copied');
    const actual = digester.digest();
    if (actual !== digest) this.#findings.add('wrong-digest', { digest, detail: `it is ${actual}` });
  }

  async #referrers(digest: Digest): Promise<readonly PromisedManifest[]> {
    const byApi = this.#hasApi ? await this.#registry.probe.referrersByApi(this.#name, digest) : undefined;
    this.#hasApi = this.#hasApi && byApi !== undefined;
    const byTag = await this.#listedUnderTag(digest);
    const listed = new Set<string>((byApi ?? []).map((each) => each.digest));
    const others = (byTag ?? []).filter((each) => !listed.has(each.digest));
    return [...(byApi ?? []), ...others].map((promised) => ({
      reference: { kind: 'digest', digest: promised.digest as Digest },
      promised,
      missing: 'deleted-referrer',
      subject: { detail: `of ${digest}` },
      refersTo: digest,
      isOnlyTagged: byApi !== undefined && !listed.has(promised.digest),
      isAttestation: false,
    }));
  }

  /** Undefined where there is no such tag. */
  async #listedUnderTag(digest: Digest): Promise<readonly DescriptorReference[] | undefined> {
    const tag = referrersTagOf(digest);
    if (!this.#referrersTags.has(tag)) return undefined;
    if (this.#hasApi) this.#findings.add('referrers-tag-beside-api', { name: tag });
    const stored = await this.#stored({ kind: 'tag', tag }, 'dangling-tag', { name: tag });
    const manifest = stored && this.#parsed(stored.bytes, stored.mediaType, { name: tag });
    return manifest?.kind === 'index' ? manifest.manifests.filter((each) => isDigest(each.digest)) : [];
  }
}

function sizes(actual: number, promised: number): string {
  return `${actual} bytes, ${promised} by its descriptor`;
}
