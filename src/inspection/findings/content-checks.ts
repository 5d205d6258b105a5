// What the descriptors of a layout promise, compared with what is there: files, sizes, digests, manifests that can be read.
// Each manifest is read once, whatever leads to it, itself included; nothing larger than a manifest is held.

import { maxStoredManifestBytes } from '../../layout/manifests/manifest-reader.ts';
import { digestOfObject } from '../../layout/pacing/paced-digest.ts';
import type { DescriptorReference } from '../../oci/descriptor.ts';
import { algorithmOf, type Digest, digestOf, isDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import type { OpenObject } from '../../storage/object-store.ts';
import { recentMap } from '../../storage/recent-map.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { CopiedContent } from '../../transfer/progress.ts';
import type { FindingCode, FindingSubject } from './finding.ts';
import type { InspectedLayout } from './inspected-layout.ts';

const maxKnownSizes = 200_000;
const maxReported = 200_000;

/** What leads to a blob. */
export interface LeadingTo extends FindingSubject {
  /** The entry that it belongs to in the end, as it is called. */
  readonly entry?: string | undefined;
  /** The manifest that names it; undefined for an entry. */
  readonly holder?: Digest | undefined;
}

export class ContentChecks {
  readonly #layout: InspectedLayout;
  /** -1: not there. */
  readonly #sizes = recentMap<Digest, number>(maxKnownSizes);
  readonly #reported = new Set<string>();
  /** What leads to a blob, of several the first: told where the blob itself is damaged. */
  readonly #holders = new Map<Digest, FindingSubject>();
  readonly #statedSizes = new Map<Digest, number>();

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
    { entry, holder, ...subject }: LeadingTo,
  ): Promise<boolean> {
    const actual = isDigest(digest) ? await this.size(digest) : undefined;
    if (!isDigest(digest) || actual === undefined) {
      const isThere = this.#reported.has(`unreadable-file ${digest}`) || this.#reported.has(`irregular-file ${digest}`);
      if (missing === undefined || isThere) return false;
      const code = isDigest(digest) ? await this.#layout.missing({ code: missing, digest, size, holder }) : missing;
      const path = isDigest(digest) ? this.#pathOf(digest) : undefined;
      this.report(code, { digest, path, ...subject, name: subject.name ?? entry });
      return false;
    }
    if (this.#holders.size < maxReported && !this.#holders.has(digest)) {
      this.#holders.set(digest, { name: subject.name ?? entry, detail: subject.detail });
      this.#statedSizes.set(digest, size);
    }
    if (actual !== size) {
      const detail = `${actual} bytes, ${sizeText(size)} by its descriptor`;
      this.report('wrong-size', { digest, path: this.#pathOf(digest), ...subject, detail });
    }
    return true;
  }

  /** By the first descriptor that led to it; undefined where none did. */
  statedSize(digest: Digest): number | undefined {
    return this.#statedSizes.get(digest);
  }

  /** Everything that was looked for so far, and is there. */
  get reached(): readonly Digest[] {
    return [...this.#holders.keys()];
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
      const key = keys.blob(digest);
      const object = await store.read(key, maxStoredManifestBytes);
      if (object === undefined) return undefined;
      const actual = digestOf(object.bytes, algorithmOf(digest));
      await this.#layout.hashed.add(digest, { store, key, info: object.info }, actual === digest);
      if (!this.#isWhatItSays(digest, actual, subject)) return undefined;
      return parseManifest(object.bytes, mediaType);
    } catch (error) {
      if (error instanceof RegistryError) {
        // Without a type it is for the blob to say what it is, and it may well be something else.
        if (mediaType === undefined) this.report('unknown-media-type', { digest, ...subject });
        else this.report('not-a-manifest', { digest, path: this.#pathOf(digest), ...subject, detail: reasonOf(error) });
        return undefined;
      }
      this.#unreadable(error, digest);
      return undefined;
    }
  }

  /** Reads whole blobs, a piece at a time, unless that was done. */
  async verifyAll(digests: readonly Digest[]): Promise<void> {
    const { progress } = this.#layout;
    const blobs: CopiedContent[] = [];
    for (const digest of digests) {
      const blob = await this.#unread(digest);
      if (blob !== undefined) blobs.push(blob);
    }
    progress.blobsExpected(blobs);
    for (const blob of blobs) {
      progress.blobStarted(blob, 0);
      await this.#verify(blob);
      progress.blobFinished(blob, 'copied');
    }
  }

  /** Tells what somebody found damaged before, and reads nothing. */
  async reportKnown(digests: readonly Digest[]): Promise<void> {
    const { store, keys, hashed } = this.#layout;
    for (const digest of digests) {
      try {
        const info = await store.stat(keys.blob(digest));
        if (info === undefined || !hashed.isKnownDamaged(digest, info)) continue;
        const detail = 'found when it was read before';
        this.report('wrong-digest', { ...this.#holders.get(digest), digest, path: this.#pathOf(digest), detail });
      } catch (error) {
        this.#unreadable(error, digest);
      }
    }
  }

  /** Undefined for what is gone, was read already, or cannot be looked at: that is told. */
  async #unread(digest: Digest): Promise<CopiedContent | undefined> {
    const { store, keys, hashed } = this.#layout;
    try {
      const info = await store.stat(keys.blob(digest));
      return info === undefined || hashed.isRight(digest, info) === true ? undefined : { digest, size: info.size };
    } catch (error) {
      return this.#unreadable(error, digest);
    }
  }

  async #verify(blob: CopiedContent): Promise<void> {
    const { digest } = blob;
    const { store, keys, hashed, progress } = this.#layout;
    const key = keys.blob(digest);
    try {
      const object = await store.open(key);
      if (object === undefined) return;
      try {
        const { info } = object;
        const readInto: OpenObject['readInto'] = async (buffer, at) => {
          const read = await object.readInto(buffer, at);
          progress.blobAdvanced(blob, read);
          return read;
        };
        const actual = await digestOfObject({ info, readInto }, algorithmOf(digest));
        await hashed.add(digest, { store, key, info }, actual === digest);
        this.#isWhatItSays(digest, actual, {});
      } finally {
        await object.close();
      }
    } catch (error) {
      this.#unreadable(error, digest);
    }
  }

  #isWhatItSays(digest: Digest, actual: Digest, subject: FindingSubject): boolean {
    if (actual === digest) return true;
    const { name, detail } = { ...this.#holders.get(digest), ...subject };
    const details = [`it is ${actual}`, detail].filter((each) => each !== undefined).join('; ');
    this.report('wrong-digest', { digest, path: this.#pathOf(digest), name, detail: details });
    return false;
  }

  /** Below the layout. */
  #pathOf(digest: Digest): string {
    const { directory, blob } = this.#layout.keys;
    return blob(digest).slice(directory === '' ? 0 : directory.length + 1);
  }

  #unreadable(error: unknown, digest: Digest): undefined {
    if (!(error instanceof StorageError)) throw error;
    const code = error.failure === 'unsafe' ? 'irregular-file' : 'unreadable-file';
    this.#layout.onUnreadable(digest);
    this.report(code, { ...this.#holders.get(digest), digest, path: this.#pathOf(digest), detail: error.message });
  }
}

function sizeText(size: number): string {
  return size < 0 ? 'none' : String(size);
}

function reasonOf({ entries, message }: RegistryError): string {
  return entries[0]?.detail ?? message;
}
