// An OCI image layout in a directory: written, blob by blob, and read, where a base image is one.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from './layer.mjs';

export const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
};

const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';

export class WrittenLayout {
  #directory;
  #entries = [];

  /** Nothing may be there: it would be kept, and belong to nothing. */
  constructor(directory) {
    this.#directory = directory;
    const blobs = join(directory, 'blobs');
    if (existsSync(blobs)) throw new Error(`${directory} has blobs already: name a directory that has none`);
    mkdirSync(join(blobs, 'sha256'), { recursive: true });
  }

  /** Answers the descriptor. */
  blob(mediaType, bytes) {
    const digest = sha256(bytes);
    writeFileSync(pathOf(this.#directory, digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  json(mediaType, value) {
    return this.blob(mediaType, Buffer.from(JSON.stringify(value)));
  }

  /** Something that index.json leads to. */
  entry(descriptor) {
    this.#entries.push(descriptor);
  }

  /** Last: from now on it is a layout. */
  close() {
    const index = { schemaVersion: 2, mediaType: types.index, manifests: this.#entries };
    writeFileSync(join(this.#directory, 'index.json'), JSON.stringify(index));
    writeFileSync(join(this.#directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  }
}

/**
 * The image for one architecture of the only image of a layout, besides what refers to it: its config, the descriptors of its layers, and
 * `read` for their bytes.
 */
export function baseOf(directory, architecture) {
  const read = ({ digest }) => {
    const bytes = readFileSync(pathOf(directory, digest));
    if (sha256(bytes) !== digest) throw new Error(`${directory}: ${digest} is damaged`);
    return bytes;
  };
  const parsed = (descriptor) => JSON.parse(read(descriptor).toString());
  const { manifests } = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'));
  const images = manifests.filter(({ artifactType }) => artifactType === undefined);
  if (images.length !== 1) throw new Error(`${directory} has ${images.length} images; a base is a layout of one`);
  let [descriptor] = images;
  while (descriptor.mediaType === types.index || descriptor.mediaType === dockerList) {
    const found = parsed(descriptor).manifests.find(
      ({ platform }) => platform?.os === 'linux' && platform.architecture === architecture,
    );
    if (found === undefined) throw new Error(`${directory} has no image for linux/${architecture}`);
    descriptor = found;
  }
  const manifest = parsed(descriptor);
  const config = parsed(manifest.config);
  if (config.architecture !== architecture) throw new Error(`${directory} is for ${config.architecture} only`);
  return { digest: descriptor.digest, layers: manifest.layers, config, read };
}

function pathOf(directory, digest) {
  return join(directory, 'blobs', ...digest.split(':'));
}
