// Puts content into a registry without a client: images that a test makes up, and all that a path holds.
import { Readable } from 'node:stream';
import { layoutRulesOf, type Settings } from '../config/schema.ts';
import { parseDigest } from '../oci/digest.ts';
import {
  isRepositoryName,
  isTag,
  parseRepositoryName,
  parseTag,
  type RepositoryName,
  type Tag,
} from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import type { WritableRepository } from '../registry/repository.ts';
import type { Log } from '../storage/log.ts';
import { importImages } from '../transfer/import-images.ts';
import { planImport } from '../transfer/import-plan.ts';
import { openLocalSource } from '../transfer/local-source.ts';
import { unwatchedCopy } from '../transfer/progress.ts';
import {
  type ImageToPush,
  type IndexToPush,
  type MadeContent,
  makeImage,
  makeIndex,
  type PushedContent,
} from './image-to-push.ts';

export interface SeededImage {
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string;
}

export interface FillingOptions {
  readonly registry: Registry;
  readonly settings: Settings;
  readonly log: Log;
}

export class Filling {
  readonly #options: FillingOptions;

  constructor(options: FillingOptions) {
    this.#options = options;
  }

  /** `NAME:TAG`, or `NAME` for an image without a tag. Throws RegistryError as a push does, and a TypeError for a name that is none. */
  async push(reference: string, image: ImageToPush | IndexToPush): Promise<PushedContent> {
    const { name, tag } = namedBy(reference);
    const repository = await this.#options.registry.writable(name);
    if (!('platforms' in image)) {
      const made = await makeImage(image);
      return put(repository, made.blobs, made.manifest, tag);
    }
    const images = await Promise.all(image.platforms.map((each) => makeImage(each)));
    for (const { blobs, manifest } of images) await put(repository, blobs, manifest, undefined);
    return put(repository, [], makeIndex(image, images), tag);
  }

  /** All of a layout, a directory of layouts, or an archive; below `name`, where that is given. Throws what an import throws. */
  async seed(path: string, name?: string): Promise<readonly SeededImage[]> {
    const { registry, settings, log } = this.#options;
    const rules = layoutRulesOf(settings);
    const source = await openLocalSource([path], { root: undefined, environment: process.env, rules, log });
    try {
      const target =
        name === undefined ? async (own: RepositoryName) => own : { name: parseRepositoryName(name), tag: undefined };
      const { images } = await planImport(source, { repository: undefined, reference: undefined }, target);
      const repository = (to: RepositoryName) => registry.writable(to);
      const signal = new AbortController().signal;
      const report = await importImages(images, {
        source,
        repository,
        referrers: true,
        progress: unwatchedCopy,
        signal,
      });
      const [failed] = report.failed;
      if (failed !== undefined) throw new Error(`${failed.from}:${failed.reference} cannot be read: ${failed.reason}`);
      return report.images.map(({ to, tag, digest }) => ({ repository: to, tag, digest }));
    } finally {
      await source.close();
    }
  }
}

async function put(
  { uploads, manifests }: WritableRepository,
  blobs: readonly MadeContent[],
  { descriptor, bytes }: MadeContent,
  tag: Tag | undefined,
): Promise<PushedContent> {
  for (const { descriptor: blob, bytes: content } of blobs) {
    const body = Readable.from([content], { objectMode: false });
    await uploads.push(parseDigest(blob.digest), { body, range: undefined, length: content.byteLength });
  }
  const reference =
    tag === undefined
      ? ({ kind: 'digest', digest: parseDigest(descriptor.digest) } as const)
      : ({ kind: 'tag', tag } as const);
  await manifests.put({ reference, tags: [], contentType: descriptor.mediaType, bytes });
  return descriptor;
}

function namedBy(reference: string): { readonly name: RepositoryName; readonly tag: Tag | undefined } {
  const [name = '', tag, ...more] = reference.split(':');
  if (!isRepositoryName(name) || more.length > 0 || (tag !== undefined && !isTag(tag))) {
    throw new TypeError(`push: "${reference}" is neither NAME:TAG nor NAME`);
  }
  return { name, tag: tag === undefined ? undefined : parseTag(tag) };
}
