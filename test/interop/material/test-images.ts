// Makes the images the clients push: as a build context (FROM scratch) and as an OCI layout with the same files.

import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../registry-client.ts';
import { type LargeLayer, writeLargeLayer } from './large-layer.ts';
import { type Descriptor, indexType, LayoutWriter, manifestType } from './layout-directory.ts';
import { tarArchive } from './tar.ts';

export interface TestImage {
  /** A Dockerfile and its files, for the tools that build what they push. */
  readonly context: string;
  /** An OCI layout, for the tools that copy. */
  readonly layout: string;
  /** The name inside the layout. */
  readonly tag: string;
  /** What the layout's manifest or index is called by its content. */
  readonly digest: string;
  /** What a container of the image prints. */
  readonly message: string;
}

const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const tag = 'v1';

export class TestImages {
  readonly #directory: string;
  readonly #busybox: Buffer;

  /** `busybox` is what the images can run: the content of a static one, nothing where none is installed. */
  constructor(directory: string, busybox: Buffer) {
    this.#directory = directory;
    this.#busybox = busybox;
  }

  get runnable(): boolean {
    return this.#busybox.length > 0;
  }

  /** A runnable image of one layer, different for each label. */
  async image(label: string): Promise<TestImage> {
    const message = `image ${label}`;
    const writer = new LayoutWriter(join(this.#directory, label, 'layout'));
    const manifest = await this.#writeImage(writer, message, 'amd64');
    writer.tag(tag, manifest);
    await writer.close();
    const context = await this.#buildContext(label, message);
    return { context, layout: writer.directory, tag, digest: manifest.digest, message };
  }

  /** An index of two platforms, different for each label. */
  async index(label: string): Promise<TestImage> {
    const message = `index ${label}`;
    const writer = new LayoutWriter(join(this.#directory, label, 'layout'));
    const manifests: Descriptor[] = [];
    for (const architecture of ['amd64', 'arm64']) {
      const manifest = await this.#writeImage(writer, `${message} ${architecture}`, architecture);
      manifests.push({ ...manifest, platform: { os: 'linux', architecture } });
    }
    const index = await writer.json(indexType, { schemaVersion: 2, mediaType: indexType, manifests });
    writer.tag(tag, index);
    await writer.close();
    const context = await this.#buildContext(label, message);
    return { context, layout: writer.directory, tag, digest: index.digest, message };
  }

  /** An image whose only layer has about `size` bytes that do not compress. */
  async large(label: string, size: number): Promise<TestImage> {
    const context = join(this.#directory, label, 'context');
    await mkdir(context, { recursive: true });
    const writer = new LayoutWriter(join(this.#directory, label, 'layout'));
    const payload = join(context, 'payload.bin');
    const layer = await writeLargeLayer(await writer.blobDirectory(), payload, size);
    const manifest = await writeManifest(writer, 'amd64', ['/payload.bin'], layer);
    writer.tag(tag, manifest);
    await writer.close();
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY payload.bin /payload.bin\n');
    return { context, layout: writer.directory, tag, digest: manifest.digest, message: '' };
  }

  /** The same large image under another label, so that each tool pushes a manifest of its own; nothing is copied. */
  async relabel(label: string, large: TestImage): Promise<TestImage> {
    const context = join(this.#directory, label, 'context');
    await mkdir(context, { recursive: true });
    await link(join(large.context, 'payload.bin'), join(context, 'payload.bin'));
    await writeFile(
      join(context, 'Dockerfile'),
      `FROM scratch\nCOPY payload.bin /payload.bin\nLABEL tool="${label}"\n`,
    );
    return { ...large, context };
  }

  async #writeImage(writer: LayoutWriter, message: string, architecture: string): Promise<Descriptor> {
    const tar = tarArchive([
      { path: 'bin/busybox', mode: 0o755, content: this.#busybox },
      { path: 'message', mode: 0o644, content: Buffer.from(`${message}\n`) },
    ]);
    const descriptor = await writer.blob(layerType, gzipSync(tar));
    return await writeManifest(writer, architecture, ['/bin/busybox', 'cat', '/message'], {
      descriptor,
      diffId: sha256(tar),
    });
  }

  async #buildContext(label: string, message: string): Promise<string> {
    const context = join(this.#directory, label, 'context');
    await mkdir(context, { recursive: true });
    await writeFile(join(context, 'busybox'), this.#busybox, { mode: 0o755 });
    await writeFile(join(context, 'message'), `${message}\n`);
    const lines = ['FROM scratch', 'COPY busybox /bin/busybox', 'COPY message /message'];
    await writeFile(join(context, 'Dockerfile'), `${lines.join('\n')}\nCMD ["/bin/busybox", "cat", "/message"]\n`);
    return context;
  }
}

function writeManifest(
  writer: LayoutWriter,
  architecture: string,
  command: readonly string[],
  layer: LargeLayer,
): Promise<Descriptor> {
  const config = {
    architecture,
    os: 'linux',
    config: { Cmd: command },
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
  };
  return writer.json(configType, config).then((descriptor) =>
    writer.json(manifestType, {
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor,
      layers: [layer.descriptor],
    }),
  );
}
