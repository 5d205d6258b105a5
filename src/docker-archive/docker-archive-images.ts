// Makes the images of a `docker save` archive: an OCI manifest for each element of manifest.json, and the index.json that a newer
// `docker save` would have written. The same archive always gives the same bytes.

import { newIndexEntry } from '../layout/index/index-entry.ts';
import { annotationKeys } from '../oci/annotations.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { maxImageConfigBytes, portableManifestBytes } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import type { ArchiveStore } from '../storage/archive/archive-store.ts';
import type { Log } from '../storage/log.ts';
import type { Key } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { HashedMember, MemberDigests } from './docker-archive-digests.ts';
import { type DockerImage, diffIdsOf, type ManifestElements } from './docker-archive-manifest.ts';
import { type DockerName, parseDockerName } from './docker-archive-name.ts';
import { type ImageProblem, ImageProblems } from './image-problem.ts';

/** Where the bytes of a blob are: a member of the archive, or made here. */
export type BlobSource = { readonly member: Key } | { readonly bytes: Buffer };

export interface DockerImages {
  readonly problems: readonly ImageProblem[];
  readonly index: Buffer;
  readonly blobs: ReadonlyMap<Digest, BlobSource>;
}

const layerTypes: Readonly<Record<HashedMember['compression'], string>> = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};

/** Of configs, manifests and entries together: a few bytes of manifest.json can ask for many of these. */
const maxMetadataBytes = 64 * 1024 * 1024;

/** Why an element of manifest.json is left out: the message is for the operator. */
class UnusableImageError extends Error {
  override readonly name = 'UnusableImageError';
}

interface Layer extends HashedMember {
  readonly key: Key;
}

interface Config {
  readonly key: Key;
  readonly digest: Digest;
  readonly size: number;
  readonly diffIds: readonly string[];
}

export class DockerImagesBuilder {
  readonly #archive: ArchiveStore;
  readonly #digests: MemberDigests;
  readonly #log: Log;
  readonly #problems = new ImageProblems();
  readonly #blobs = new Map<Digest, BlobSource>();
  readonly #entries: string[] = [];
  #metadataBytes = 0;
  readonly #configs = new Map<Key, Config>();
  readonly #layers = new Map<string, Layer>();

  constructor(archive: ArchiveStore, digests: MemberDigests, log: Log) {
    this.#archive = archive;
    this.#digests = digests;
    this.#log = log;
  }

  /** An image that cannot be made is reported and left out; the others are served. */
  async build(elements: ManifestElements): Promise<DockerImages> {
    const owners = lastOwners(elements);
    for (const [at, image] of elements.entries()) {
      try {
        if (image === undefined) throw new UnusableImageError('it has no Config, or its parts are of the wrong type');
        await this.#add(image, (name) => owners.get(name.full) === at);
      } catch (error) {
        if (!(error instanceof UnusableImageError)) throw error;
        const leftOut = { image: image?.names[0] ?? `number ${at + 1}`, reason: error.message };
        this.#problems.addLeftOut(leftOut);
        this.#log.warn('an image of an archive is not served', { path: this.#archive.name, ...leftOut });
      }
    }
    const start = `{"schemaVersion":2,"mediaType":"${mediaTypes.imageIndex}","manifests":[`;
    return {
      index: Buffer.from(`${start}\n${this.#entries.join(',\n')}\n]}`),
      blobs: this.#blobs,
      problems: this.#problems.all(),
    };
  }

  async #add(image: DockerImage, owns: (name: DockerName) => boolean): Promise<void> {
    const config = await this.#configOf(image.config);
    if (config.diffIds.length !== image.layers.length) {
      const counts = `${image.layers.length} layers, but its config names ${config.diffIds.length}`;
      throw new UnusableImageError(`it has ${counts}`);
    }
    const layers: Layer[] = [];
    for (const [at, path] of image.layers.entries()) layers.push(await this.#layerOf(path, config.diffIds[at]));
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.imageManifest,
        config: { mediaType: mediaTypes.imageConfig, digest: config.digest, size: config.size },
        layers: layers.map(({ compression, digest, size }) => ({ mediaType: layerTypes[compression], digest, size })),
      }),
    );
    if (manifest.length > portableManifestBytes)
      throw new UnusableImageError('its manifest would be larger than 4 MiB');
    this.#count(manifest.length);
    this.#blobs.set(config.digest, { member: config.key });
    for (const { digest, key } of layers) this.#blobs.set(digest, { member: key });
    const digest = digestOf(manifest);
    this.#blobs.set(digest, { bytes: manifest });
    this.#list(digest, manifest.length, this.#namesOf(image).filter(owns));
  }

  #list(digest: Digest, size: number, names: readonly DockerName[]): void {
    const descriptor = { mediaType: mediaTypes.imageManifest, digest, size, artifactType: undefined };
    const { imageName, refName } = annotationKeys;
    const annotations = names.map(({ full, tag }) => ({ [imageName]: full, [refName]: tag }));
    for (const each of annotations.length === 0 ? [{}] : annotations) {
      const { line } = newIndexEntry({ ...descriptor, annotations: each });
      this.#count(line.length);
      this.#entries.push(line);
    }
  }

  #namesOf(image: DockerImage): readonly DockerName[] {
    return image.names.flatMap((text) => {
      const name = parseDockerName(text);
      if (name !== undefined) return name;
      const unusable = text.slice(0, 300);
      this.#problems.addUnusable(unusable);
      this.#log.warn('an image of an archive has a name that nobody can ask for', {
        path: this.#archive.name,
        name: unusable,
      });
      return [];
    });
  }

  async #configOf(path: string): Promise<Config> {
    const key = this.#resolve(path);
    const known = this.#configs.get(key);
    if (known !== undefined) return known;
    const object = await this.#readConfig(key);
    const diffIds = diffIdsOf(object);
    if (diffIds === undefined) throw new UnusableImageError(`${key} is not an image config with rootfs.diff_ids`);
    const config = { key, digest: digestOf(object), size: object.byteLength, diffIds };
    this.#configs.set(key, config);
    return config;
  }

  async #readConfig(key: Key): Promise<Uint8Array> {
    const info = await this.#archive.stat(key);
    if (info === undefined || info.size > maxImageConfigBytes) {
      throw new UnusableImageError(`its config is larger than ${maxImageConfigBytes} bytes`);
    }
    this.#count(info.size);
    const object = await this.#archive.read(key, maxImageConfigBytes);
    if (object === undefined) throw new StorageError('unavailable', `${key} is not in ${this.#archive.name}`);
    return object.bytes;
  }

  async #layerOf(path: string, diffId: string | undefined): Promise<Layer> {
    const layer = this.#layers.get(path) ?? (await this.#hashedLayer(path));
    if (layer.compression === 'none' && layer.digest !== diffId) {
      const claimed = diffId?.slice(0, 80);
      throw new UnusableImageError(`its layer ${layer.key} is ${layer.digest}, but its config says ${claimed}`);
    }
    return layer;
  }

  async #hashedLayer(path: string): Promise<Layer> {
    const key = this.#resolve(path);
    const layer = { ...(await this.#digests.of(key)), key };
    this.#layers.set(path, layer);
    return layer;
  }

  #resolve(path: string): Key {
    const key = this.#archive.resolve(path);
    if (key === undefined) throw new UnusableImageError(`${path.slice(0, 300)} is not in the archive`);
    return key;
  }

  #count(bytes: number): void {
    this.#metadataBytes += bytes;
    if (this.#metadataBytes > maxMetadataBytes) {
      throw new StorageError(
        'too-large',
        `the images of ${this.#archive.name} have manifests and configs of more than ${maxMetadataBytes} bytes`,
      );
    }
  }
}

/** Which element has a name in the end: `docker load` gives it to the last. */
function lastOwners(elements: ManifestElements): ReadonlyMap<string, number> {
  const owners = new Map<string, number>();
  for (const [at, image] of elements.entries()) {
    for (const text of image?.names ?? []) {
      const name = parseDockerName(text);
      if (name !== undefined) owners.set(name.full, at);
    }
  }
  return owners;
}
