// Images of a test, made of a few words: layers of files, a config, and an index over several platforms.
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';

/** By path. */
export type LayerFiles = Readonly<Record<string, string | Uint8Array>>;

export interface ImageToPush {
  /** Files, or the bytes of a layer as they are to be pushed (`layerType`). Default: one layer with the file `hello`. */
  readonly layers?: readonly (LayerFiles | Uint8Array)[];
  /** Of layers that are given as bytes. Default: a gzipped tar. */
  readonly layerType?: string;
  /** `os/architecture[/variant]`. Default: linux/amd64. */
  readonly platform?: string;
  /** What the config says of how it is run: `Cmd`, `Env`, `Labels` and so on (image-spec, config.md). */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Makes it an artifact: its config is empty. */
  readonly artifactType?: string;
  /** Attaches it to an image that was pushed. */
  readonly subject?: PushedContent;
}

/** An index over images. */
export interface IndexToPush {
  readonly platforms: readonly ImageToPush[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A descriptor (image-spec, descriptor.md). */
export interface PushedContent {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface MadeContent {
  readonly descriptor: PushedContent;
  readonly bytes: Buffer;
}

export interface MadeImage {
  readonly blobs: readonly MadeContent[];
  readonly manifest: MadeContent;
  readonly platform: Readonly<Record<string, string>>;
}

const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const emptyType = 'application/vnd.oci.empty.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';

export function contentOf(mediaType: string, bytes: Buffer): MadeContent {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength }, bytes };
}

export function jsonContent(mediaType: string, value: object): MadeContent {
  return contentOf(mediaType, Buffer.from(JSON.stringify(value)));
}

/** The same words make the same bytes. */
export async function makeImage(image: ImageToPush): Promise<MadeImage> {
  const { annotations, artifactType, subject, platform = 'linux/amd64' } = image;
  const given = image.layers ?? (artifactType === undefined ? [{ hello: 'hello\n' }] : []);
  const layers: MadeContent[] = [];
  const diffs: string[] = [];
  for (const layer of given) {
    const tar = layer instanceof Uint8Array ? undefined : await tarOf(layer);
    const bytes = layer instanceof Uint8Array ? Buffer.from(layer) : gzipSync(tar ?? '');
    layers.push(contentOf(tar === undefined ? (image.layerType ?? layerType) : layerType, bytes));
    diffs.push(digestOf(tar ?? bytes));
  }
  const [os = '', architecture = '', variant] = platform.split('/');
  const of = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  const config =
    artifactType === undefined
      ? jsonContent(configType, { ...of, config: image.config ?? {}, rootfs: { type: 'layers', diff_ids: diffs } })
      : jsonContent(emptyType, {});
  const manifest = jsonContent(mediaTypes.imageManifest, {
    ...{ schemaVersion: 2, mediaType: mediaTypes.imageManifest, artifactType },
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    ...{ subject, annotations },
  });
  return { blobs: [config, ...layers], manifest, platform: of };
}

export function makeIndex({ annotations }: IndexToPush, images: readonly MadeImage[]): MadeContent {
  const manifests = images.map(({ manifest, platform }) => ({ ...manifest.descriptor, platform }));
  const mediaType = mediaTypes.imageIndex;
  return jsonContent(mediaType, { schemaVersion: 2, mediaType, manifests, annotations });
}

async function tarOf(files: LayerFiles): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) {
    tar.entry({ name, mtime: new Date(0) }, Buffer.from(content as Uint8Array));
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
