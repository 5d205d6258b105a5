// The data sets of the official suite on main, by its names: what each consists of, fresh at every call.
import { randomBytes } from 'node:crypto';
import {
  type Algorithm,
  absentDigest,
  artifactOf,
  type Blob,
  type Descriptor,
  descriptorOf,
  descriptorOfManifest,
  emptyJsonBlob,
  type Image,
  type ImageOptions,
  imageOf,
  indexOf,
  type Manifest,
  manifestOf,
  mediaTypes,
  randomBlob,
} from '../registry/content.ts';

/** One manifest of a set, with the tags it gets. */
export interface Entry {
  readonly manifest: Manifest;
  readonly tags: readonly string[];
}

export interface DataSet {
  readonly blobs: readonly Blob[];
  /** In the order in which they are pushed: children before their index, subjects before their referrers. */
  readonly entries: readonly Entry[];
  /** Tags go with the PUT by digest, as ?tag=. */
  readonly tagParameters?: boolean;
  /** What the referrers API must list, by subject. */
  readonly referrers?: ReadonlyMap<string, readonly Descriptor[]>;
  /** Pushed by the digest of `entries`' manifest, with other bytes: refused. */
  readonly altered?: boolean;
}

const [typeOne, typeTwo] = ['application/vnd.example.oci.conformance', 'application/vnd.example.oci.conformance.v2'];

const blobsOf = (...images: readonly Image[]): Blob[] => {
  const all = images.flatMap((image) => [image.config, ...image.layers]);
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
};
const tagged = (manifest: Manifest, ...tags: string[]): Entry => ({ manifest, tags });

function single(tag: string, options: ImageOptions = {}): DataSet {
  const image = imageOf(options);
  return { blobs: blobsOf(image), entries: [tagged(image.manifest, tag)] };
}

const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));

function platformIndex(
  images: readonly Image[],
  fields: Record<string, unknown> = {},
  algorithm: Algorithm = 'sha256',
): Manifest {
  const children = images.map(({ manifest }, at) => descriptorOfManifest(manifest, { platform: platforms[at] }));
  return indexOf(children, { fields, algorithm });
}

/** Two images and the index over them. */
function multiPlatform(options: ImageOptions = {}, indexFields: Record<string, unknown> = {}) {
  const images = [imageOf(options), imageOf(options)];
  const index = platformIndex(images, indexFields, options.algorithm);
  return { images, index, untagged: images.map(({ manifest }) => tagged(manifest)) };
}

function indexed(tag: string | undefined, options: ImageOptions = {}, fields: Record<string, unknown> = {}): DataSet {
  const { images, index, untagged } = multiPlatform(options, fields);
  return { blobs: blobsOf(...images), entries: [...untagged, tagged(index, ...(tag === undefined ? [] : [tag]))] };
}

function nestedIndex(): DataSet {
  const [one, two] = [multiPlatform(), multiPlatform()];
  return {
    blobs: blobsOf(...one.images, ...two.images),
    entries: [
      ...[one, two].flatMap(({ untagged, index }) => [...untagged, tagged(index)]),
      tagged(indexOf([one.index, two.index]), 'index-of-index'),
    ],
  };
}

const uniqueAnnotations = (): Record<string, string> => ({
  'org.example.conformance': 'hello conformance test',
  'org.example.unique': randomBytes(8).toString('hex'),
});

/** What the referrers API says of a manifest: its triple, its type as derived, its annotations. */
function listed(manifest: Manifest, artifactType: string | undefined): Descriptor {
  const { annotations } = JSON.parse(manifest.bytes.toString('utf8'));
  return descriptorOfManifest(manifest, { artifactType, annotations });
}

function artifactsWithSubject(): DataSet {
  const subjectImage = imageOf();
  const subject = descriptorOfManifest(subjectImage.manifest);
  const plain = imageOf({ fields: { subject } });
  const first = artifactOf(typeOne, { subject, annotations: uniqueAnnotations() });
  const second = artifactOf(typeTwo, { subject, annotations: uniqueAnnotations() });
  return {
    blobs: blobsOf(subjectImage, plain, first, second),
    entries: [
      tagged(subjectImage.manifest, 'image'),
      tagged(plain.manifest),
      tagged(first.manifest, 'tagged-artifact1'),
      tagged(second.manifest, 'tagged-artifact2'),
    ],
    referrers: new Map([
      [
        subject.digest,
        [
          listed(plain.manifest, mediaTypes.imageConfig),
          listed(first.manifest, typeOne),
          listed(second.manifest, typeTwo),
        ],
      ],
    ]),
  };
}

function indexWithSubject(): DataSet {
  const target = multiPlatform();
  const subject = descriptorOfManifest(target.index);
  const fields = { artifactType: typeOne, subject, annotations: uniqueAnnotations() };
  const artifact = multiPlatform({ fields: { artifactType: typeOne } }, fields);
  return {
    blobs: blobsOf(...target.images, ...artifact.images),
    entries: [
      ...target.untagged,
      tagged(target.index, 'index'),
      ...artifact.untagged,
      tagged(artifact.index, 'tagged-artifact'),
    ],
    referrers: new Map([[subject.digest, [listed(artifact.index, typeOne)]]]),
  };
}

function missingSubject(): DataSet {
  const subject = { mediaType: mediaTypes.imageManifest, digest: absentDigest(), size: 123 };
  const artifact = artifactOf(typeOne, { subject, annotations: uniqueAnnotations() });
  return {
    blobs: blobsOf(artifact),
    entries: [tagged(artifact.manifest, 'tagged-artifact')],
    referrers: new Map([[subject.digest, [listed(artifact.manifest, typeOne)]]]),
  };
}

function largeManifest(): DataSet {
  const entries = Array.from({ length: 390 }, (_, at) => [`large-annotation-${at}`, 'A'.repeat(10_000)] as const);
  return single('large-manifest', { fields: { annotations: Object.fromEntries(entries) } });
}

/** Descriptors that carry their content in `data`. */
function dataField(): DataSet {
  const image = imageOf();
  const embedded = (blob: Blob, type: string) => descriptorOf(blob, type, { data: blob.bytes.toString('base64') });
  const manifest = manifestOf(
    {
      schemaVersion: 2,
      mediaType: mediaTypes.imageManifest,
      config: embedded(image.config, mediaTypes.imageConfig),
      layers: image.layers.map((layer) => embedded(layer, mediaTypes.layerGzip)),
    },
    mediaTypes.imageManifest,
  );
  return { blobs: blobsOf(image), entries: [tagged(manifest, 'data-field')] };
}

function nonDistributableLayers(): DataSet {
  const image = imageOf({ layers: [randomBlob()] });
  const remote = [mediaTypes.nonDistributableLayerGzip, mediaTypes.nonDistributableLayer].map((mediaType) => {
    const digest = absentDigest();
    return { mediaType, digest, size: 123_456, urls: [`https://store.example.com/blobs/${digest}`] };
  });
  const json = JSON.parse(image.manifest.bytes.toString('utf8'));
  const manifest = manifestOf({ ...json, layers: [...remote, ...json.layers] }, mediaTypes.imageManifest);
  return { blobs: blobsOf(image), entries: [tagged(manifest, 'non-distributable-image')] };
}

/** An image without one of its layers, and an index without one of its children. */
function sparse(): DataSet {
  const image = imageOf();
  const present = imageOf();
  const index = indexOf([present.manifest, imageOf().manifest]);
  return {
    blobs: [image.config, ...image.layers.slice(1), ...blobsOf(present)],
    entries: [tagged(image.manifest, 'sparse-image'), tagged(present.manifest), tagged(index, 'sparse-index')],
  };
}

function withTagParameters(algorithm: Algorithm): DataSet {
  const name = `tag-param-${algorithm}`;
  const { images, index } = multiPlatform({ algorithm });
  const entries = [...images.map(({ manifest }) => manifest), index].map((manifest, at) =>
    tagged(manifest, `${name}-${at}`, ...(manifest === index ? [name] : [])),
  );
  return { blobs: blobsOf(...images), entries, tagParameters: true };
}

const artifactOptions: ImageOptions = {
  config: emptyJsonBlob,
  configType: mediaTypes.emptyJson,
  layerType: typeOne,
  fields: { artifactType: typeOne },
};

const extraField = (): Record<string, unknown> => ({ [`org.example.${randomBytes(4).toString('hex')}`]: 'custom' });

export const dataSets: Readonly<Record<string, () => DataSet>> = {
  image: () => single('image'),
  'image-uncompressed': () => single('image-uncompressed', { layerType: mediaTypes.layer }),
  'large-manifest': largeManifest,
  index: () => indexed('index'),
  'nested-index': nestedIndex,
  'empty-index': () => ({ blobs: [], entries: [tagged(indexOf([]), 'index')] }),
  artifact: () => single('artifact', { ...artifactOptions, layers: [randomBlob()] }),
  'artifact-index': () => indexed('artifact-index', artifactOptions, { artifactType: typeOne }),
  'artifact-without-layers': () =>
    single('artifact-without-layers', { ...artifactOptions, layers: [emptyJsonBlob], layerType: mediaTypes.emptyJson }),
  'artifacts-with-subject': artifactsWithSubject,
  'index-with-subject': indexWithSubject,
  'missing-subject': missingSubject,
  'data-field': dataField,
  'non-distributable-layers': nonDistributableLayers,
  'custom-fields': () => indexed('custom-fields', { fields: extraField() }, extraField()),
  'no-layers': () => single('no-layers', { layers: [] }),
  sparse,
  sha512: () => indexed(undefined, { algorithm: 'sha512' }),
  'tag-param-sha256': () => withTagParameters('sha256'),
  'tag-param-sha512': () => withTagParameters('sha512'),
  'bad-digest-image': () => ({ ...single('unused'), altered: true }),
};
