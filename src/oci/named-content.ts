// All content that a JSON document names: whoever deletes what nobody needs must know that an unknown field names something as well.
import { isManifestType } from './media-type.ts';

/** An object with a `digest`, wherever it stands: what a descriptor is (image-spec, descriptor.md), as far as anybody can tell. */
export interface NamedContent {
  /** As it is written: of an algorithm that this registry stores, or not, or no digest at all. */
  readonly digest: string;
  /** Undefined where none is stated. */
  readonly mediaType: string | undefined;
  /**
   * `content`: config, layers and blobs, which a manifest is made of and which name nothing further unless their type says that they are
   * manifests. `subject`: what the whole document is about. `elsewhere`: children of an index, and fields that no specification knows.
   */
  readonly place: 'content' | 'subject' | 'elsewhere';
}

/** Of parsed JSON that is not deeper than a manifest may be. */
export function* contentNamedIn(document: unknown): Generator<NamedContent> {
  if (!isObject(document)) return;
  for (const [name, value] of Object.entries(document)) {
    if (name === 'config' || name === 'subject') yield* named(value, name === 'config' ? 'content' : 'subject');
    else if ((name === 'layers' || name === 'blobs') && Array.isArray(value)) {
      for (const each of value) yield* named(each, 'content');
    } else yield* named(value, 'elsewhere');
  }
}

function* named(value: unknown, place: NamedContent['place']): Generator<NamedContent> {
  if (!isObject(value)) return;
  if (!Array.isArray(value)) {
    const { digest, mediaType } = value as { readonly digest?: unknown; readonly mediaType?: unknown };
    if (typeof digest === 'string')
      yield { digest, mediaType: typeof mediaType === 'string' ? mediaType : undefined, place };
  }
  for (const each of Object.values(value)) yield* named(each, 'elsewhere');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Configs, layers, and what BuildKit and attestations keep beside them: types whose content names no other blobs. */
const leaves =
  /^application\/vnd\.(?:oci\.(?:image\.(?:config|layer)\.|empty\.v1\+json$)|docker\.(?:container\.image\.|image\.rootfs\.)|buildkit\.cacheconfig\.|in-toto\+)/;

/** True for a type that is known to lead to nothing. */
export function isLeafType(mediaType: string): boolean {
  return !isManifestType(mediaType) && leaves.test(mediaType);
}
