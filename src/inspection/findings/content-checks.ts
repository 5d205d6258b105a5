// What the descriptors of a layout promise, compared with what is there: files, sizes, digests, manifests that can be read.
// Each manifest is read once, whatever leads to it, itself included; nothing larger than a manifest is held.

import { maxStoredManifestBytes } from '../../layout/manifests/manifest-reader.ts';
import { digestOfObject } from '../../layout/pacing/paced-digest.ts';
import type { DescriptorReference } from '../../oci/descriptor.ts';
import { algorithmOf, type Digest, digestOf, isDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import type { ObjectInfo, OpenObject } from '../../storage/object-store.ts';
import { recentMap } from '../../storage/recent-map.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { CopiedContent } from '../../transfer/progress.ts';
import type { FindingCode, FindingSubject } from './finding.ts';
import type { InspectedLayout } from './inspected-layout.ts';

const maxKnownSizes = 200_000;
const maxReported = 200_000;

export class ContentChecks {
  readonly #layout: InspectedLayout;
  /** -1: not there. */
  readonly #sizes = recentMap<Digest, number>(maxKnownSizes);
  readonly #reported = new Set<string>();
  readonly #hashed = new Set<Digest>();

  constructor(layout: InspectedLayout) {
    this.#layout = layout;
  }

  /** Undefined when there is no such file. */
  async size(digest: Digest): Promise<number | undefined> {
    const known = this.#sizes.get(digest);
    if (known !== undefined) return known < 0 ? undefined : known;
    const { store, keys } = this.#layout;
    const size = await store.stat(keys.blob(digest)).then(
      (info) => info?.size,
      (error: unknown) => this.#unreadable(error, digest),
    );
    this.#sizes.set(digest, size ?? -1);
    return size;
  }

  /** Once for each digest and code, however many descriptors there are. */
  report(code: FindingCode, subject: FindingSubject): void {
    const id = `${code} ${subject.digest ?? subject.path ?? subject.name}`;
    if (this.#reported.has(id)) return;
    if (this.#reported.size < maxReported) this.#reported.add(id);
    this.#layout.findings.add(code, subject);
  }

  /** False when the blob is not there, which `missing` is reported for; a wrong size is reported as well. */
  async check(
    { digest, size }: Pick<DescriptorReference, 'digest' | 'size'>,
    missing: FindingCode | undefined,
    subject: FindingSubject,
  ): Promise<boolean> {
    const actual = isDigest(digest) ? await this.size(digest) : undefined;
    if (actual === undefined) {
      const isThere = this.#reported.has(`unreadable-file ${digest}`);
      if (missing !== undefined && !isThere) this.report(missing, { digest, ...subject });
      return false;
    }
    if (actual !== size) {
      this.report('wrong-size', { digest, ...subject, detail: `${actual} bytes, ${sizeText(size)} by its descriptor` });
    }
    return true;
  }

  /** Undefined for what is no manifest that can be read; why is reported. */
  async manifest(
    digest: Digest,
    mediaType: string | undefined,
    subject: FindingSubject,
  ): Promise<Manifest | undefined> {
    const { store, keys } = this.#layout;
    const size = await this.size(digest);
    if (size === undefined) return undefined;
    if (size > maxStoredManifestBytes) {
      this.report('manifest-too-large', { digest, ...subject, detail: `${size} bytes` });
      return undefined;
    }
    try {
      const object = await store.read(keys.blob(digest), maxStoredManifestBytes);
      if (object === undefined) return undefined;
      if (!this.#isWhatItSays(digest, digestOf(object.bytes, algorithmOf(digest)), subject)) return undefined;
      return parseManifest(object.bytes, mediaType);
    } catch (error) {
      if (error instanceof RegistryError) {
        // Without a type it is for the blob to say what it is, and it may well be something else.
        if (mediaType === undefined) this.report('unknown-media-type', { digest, ...subject });
        else this.report('not-a-manifest', { digest, ...subject, detail: reasonOf(error) });
        return undefined;
      }
      this.#unreadable(error, digest);
      return undefined;
    }
  }

  /** Reads whole blobs, a piece at a time, unless that was done. */
  async verifyAll(digests: readonly Digest[]): Promise<void> {
    const { progress } = this.#layout;
    const left = digests.filter((digest) => !this.#hashed.has(digest));
    const blobs: CopiedContent[] = [];
    for (const digest of left) blobs.push({ digest, size: (await this.size(digest)) ?? 0 });
    progress.blobsExpected(blobs);
    for (const blob of blobs) {
      progress.blobStarted(blob, 0);
      await this.#verify(blob);
      progress.blobFinished(blob, 'copied');
    }
  }

  async #verify(blob: CopiedContent): Promise<void> {
    const { digest } = blob;
    const { store, keys } = this.#layout;
    try {
      const object = await store.open(keys.blob(digest));
      if (object === undefined) return;
      try {
        const { info } = object;
        const readInto: OpenObject['readInto'] = async (buffer, at) => {
          const read = await object.readInto(buffer, at);
          this.#layout.progress.blobAdvanced(blob, read);
          return read;
        };
        const actual = await digestOfObject({ info, readInto }, algorithmOf(digest));
        if (!this.#isWhatItSays(digest, actual, {})) await this.#noteDamaged(digest, object.info);
      } finally {
        await object.close();
      }
    } catch (error) {
      this.#unreadable(error, digest);
    }
  }

  #isWhatItSays(digest: Digest, actual: Digest, subject: FindingSubject): boolean {
    if (this.#hashed.size < maxReported) this.#hashed.add(digest);
    if (actual === digest) return true;
    this.report('wrong-digest', { digest, ...subject, detail: `it is ${actual}` });
    return false;
  }

  async #noteDamaged(digest: Digest, info: ObjectInfo): Promise<void> {
    const { store, keys, damaged } = this.#layout;
    const now = info.settled ? await store.stat(keys.blob(digest)) : undefined;
    if (now?.version === info.version && damaged.length < maxReported) damaged.push({ digest, info });
  }

  #unreadable(error: unknown, digest: Digest): undefined {
    if (!(error instanceof StorageError)) throw error;
    const code = error.failure === 'unsafe' ? 'irregular-file' : 'unreadable-file';
    this.report(code, { digest, path: `blobs/${digest.replace(':', '/')}`, detail: error.message });
  }
}

function sizeText(size: number): string {
  return size < 0 ? 'none' : String(size);
}

function reasonOf({ entries, message }: RegistryError): string {
  return entries[0]?.detail ?? message;
}
