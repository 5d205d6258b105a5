// manifest.json of `docker save`: which members make up which image. Hostile input: paths are checked by whoever follows them.
import { z } from 'zod';
import { texts } from '../oci/texts.ts';
import type { Key } from '../storage/object-store.ts';

export const manifestFile = 'manifest.json' as Key;

export interface DockerImage {
  readonly config: string;
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

const imageSchema = z.looseObject({
  Config: z.string(),
  RepoTags: texts.nullish(),
  Layers: texts.nullish(),
});

/** What Docker calls an image: its parts and names; undefined where an element says nothing of the kind. */
export type ManifestElements = readonly (DockerImage | undefined)[];

/** Undefined when it is no array of anything: then the archive is of another kind. */
export function parseDockerManifest(bytes: Uint8Array): ManifestElements | undefined {
  const parsed = z.array(z.unknown()).safeParse(parseJson(bytes));
  return parsed.success ? parsed.data.map(imageOf) : undefined;
}

function imageOf(element: unknown): DockerImage | undefined {
  const parsed = imageSchema.safeParse(element);
  if (!parsed.success) return undefined;
  const { Config, RepoTags, Layers } = parsed.data;
  return { config: Config, names: RepoTags ?? [], layers: Layers ?? [] };
}

const configSchema = z.looseObject({ rootfs: z.looseObject({ diff_ids: texts }) });

/** The digests of the layers as plain tars that a config names (image-spec, config.md, rootfs); undefined when it names none. */
export function diffIdsOf(config: Uint8Array): readonly string[] | undefined {
  const parsed = configSchema.safeParse(parseJson(config));
  return parsed.success ? parsed.data.rootfs.diff_ids : undefined;
}

/** Undefined for what is no JSON, which no schema accepts. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
