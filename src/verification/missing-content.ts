// Whether something that is not there is lost, or never was here: images may be sparse (image-spec, image-layout.md: blobs may be missing),
// and what was pushed to a registry was complete, but for what its journal says was absent then.
import type { FindingCode } from '../inspection/findings/finding.ts';
import type { MissingReference } from '../inspection/findings/inspected-layout.ts';
import type { AcknowledgedPast } from '../layout/changes/acknowledged-past.ts';
import type { LayoutKeys } from '../layout/files/keys.ts';
import { maxStoredManifestBytes } from '../layout/manifests/manifest-reader.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { parseManifest } from '../oci/manifest.ts';
import type { ObjectReader } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';

export class MissingJudge {
  readonly #store: ObjectReader;
  readonly #keys: LayoutKeys;
  readonly #past: AcknowledgedPast;
  readonly #sparse = new Map<Digest, boolean>();

  constructor(store: ObjectReader, keys: LayoutKeys, past: AcknowledgedPast) {
    this.#store = store;
    this.#keys = keys;
    this.#past = past;
  }

  async codeOf({ code, digest, holder }: MissingReference): Promise<FindingCode> {
    if (holder === undefined) return (await this.#past.has(digest)) ? 'lost-manifest' : code;
    const absent = await this.#past.absentOf(holder);
    if (await this.#past.wasDeleted(digest)) return 'deleted-child';
    if (absent !== undefined) return absent.has(digest) ? 'never-here' : 'lost-content';
    return code === 'missing-child' && (await this.#isSparse(holder)) ? 'never-here' : code;
  }

  /** An index of which some manifest is there: others may not have been copied on purpose. */
  async #isSparse(index: Digest): Promise<boolean> {
    const known = this.#sparse.get(index);
    if (known !== undefined) return known;
    const isSparse = await this.#hasAnyChild(index);
    this.#sparse.set(index, isSparse);
    return isSparse;
  }

  async #hasAnyChild(index: Digest): Promise<boolean> {
    try {
      const object = await this.#store.read(this.#keys.blob(index), maxStoredManifestBytes);
      const manifest = object && parseManifest(object.bytes, undefined);
      for (const { digest } of manifest?.kind === 'index' ? manifest.manifests : []) {
        if (isDigest(digest) && (await this.#store.stat(this.#keys.blob(digest))) !== undefined) return true;
      }
    } catch (error) {
      // What cannot be read is told where it is looked at itself.
      if (!(error instanceof StorageError || error instanceof RegistryError)) throw error;
    }
    return false;
  }
}
