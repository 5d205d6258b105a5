// The `oci-layout` file (image-spec, image-layout.md): made with the first manifest, left alone afterwards, and only version 1.0.0.
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryError } from '../../oci/error-code.ts';
import { printableText } from '../../oci/printable-text.ts';
import type { ObjectReader, SmallObject, Version } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { type LayoutKeys, ociLayoutBytes } from '../files/keys.ts';

export const supportedVersion = '1.0.0';
const maxBytes = 64 * 1024;
const retryEveryMs = 20;
const maxTries = 50;

/** The layout is of a version that nobody knows how to read; the message is for clients. */
export class UnsupportedLayoutError extends Error {
  override readonly name = 'UnsupportedLayoutError';
}

export class LayoutVersion {
  readonly #store: ObjectReader;
  readonly #keys: LayoutKeys;
  #checked: Version | undefined;

  constructor(store: ObjectReader, keys: LayoutKeys) {
    this.#store = store;
    this.#keys = keys;
  }

  /**
   * Throws UnsupportedLayoutError where the file names another version. A reader does without the file (skopeo and crane do), and
   * takes one that says nothing for one that is being written. One stat when it was looked at before.
   */
  async assertReadable(): Promise<void> {
    const info = await this.#store.stat(this.#keys.ociLayout);
    if (info === undefined || info.version === this.#checked) return;
    const object = await this.#readIfPossible();
    const version = object === undefined ? undefined : versionIn(object.bytes);
    if (version !== undefined && version !== supportedVersion) throw new UnsupportedLayoutError(refusalOf(version));
    if (version === supportedVersion) this.#checked = object?.info.version;
  }

  /** Undefined also for what no oci-layout ever was, a link or a gigabyte, and for what may not be read: a reader does without it. */
  async #readIfPossible() {
    try {
      return await this.#store.read(this.#keys.ociLayout, maxBytes);
    } catch (error) {
      if (error instanceof StorageError) return undefined;
      throw error;
    }
  }

  /** What a write must add so that the directory is a layout. Throws UNAVAILABLE (503) for a layout of another version. */
  async missingFile(): Promise<readonly SmallObject[]> {
    const key = this.#keys.ociLayout;
    for (let tries = 1; ; tries += 1) {
      const info = await this.#store.stat(key);
      if (info !== undefined && info.version === this.#checked) return [];
      const object = info === undefined ? undefined : await this.#store.read(key, maxBytes);
      if (object === undefined) return [{ key, bytes: ociLayoutBytes }];
      const version = versionIn(object.bytes);
      if (version === supportedVersion) {
        this.#checked = object.info.version;
        return [];
      }
      // skopeo rewrites the file in place with each copy: for a moment it is empty or cut short.
      if (version !== undefined || tries >= maxTries) throw unsupported(version);
      await sleep(retryEveryMs);
    }
  }
}

function unsupported(version: unknown): RegistryError {
  return new RegistryError('UNAVAILABLE', { detail: refusalOf(version) });
}

function refusalOf(version: unknown): string {
  const said = version === undefined ? 'no version' : `version ${printableText(String(JSON.stringify(version)), 40)}`;
  return `the oci-layout file of this repository says ${said}, and only ${supportedVersion} is understood; it is left as it is`;
}

/** Undefined when the file does not say. */
export function versionIn(bytes: Uint8Array): unknown {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof json === 'object' && json !== null && 'imageLayoutVersion' in json
      ? json.imageLayoutVersion
      : undefined;
  } catch {
    return undefined;
  }
}
