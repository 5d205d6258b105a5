// The `oci-layout` file (image-spec, image-layout.md): made with the first manifest, left alone afterwards, and only version 1.0.0.
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryError } from '../oci/error-code.ts';
import type { ObjectStore, SmallObject, Version } from '../storage/object-store.ts';
import { type LayoutKeys, ociLayoutBytes } from './keys.ts';

const supportedVersion = '1.0.0';
const maxBytes = 64 * 1024;
const retryEveryMs = 20;
const maxTries = 50;

export class LayoutVersion {
  readonly #store: ObjectStore;
  readonly #keys: LayoutKeys;
  #checked: Version | undefined;

  constructor(store: ObjectStore, keys: LayoutKeys) {
    this.#store = store;
    this.#keys = keys;
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
      if (version !== undefined || tries >= maxTries) throw unsupported();
      await sleep(retryEveryMs);
    }
  }
}

function unsupported(): RegistryError {
  return new RegistryError('UNAVAILABLE', {
    detail: `the oci-layout file of this repository is not version ${supportedVersion}`,
  });
}

/** Undefined when the file does not say. */
function versionIn(bytes: Uint8Array): unknown {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof json === 'object' && json !== null && 'imageLayoutVersion' in json
      ? json.imageLayoutVersion
      : undefined;
  } catch {
    return undefined;
  }
}
