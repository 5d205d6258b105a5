// Lists of referrers as JSON: how large one would be is known before any of it is encoded.
import type { Annotations } from '../../oci/annotations.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { portableManifestBytes } from '../../oci/manifest.ts';
import { omittedAnnotations, type Referrer } from '../../oci/manifest-facts.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestReader } from './manifest-reader.ts';

const listedBytes = new WeakMap<Descriptor, number>();
const withheldMember = ',"annotations":';
/** Encoded in one go: less than a megabyte, since none of them keeps more than some kilobytes. */
const maxRun = 200;

/** Bytes of its JSON with a comma. */
function bytesOfReferrer({ descriptor, withheldBytes }: Referrer): number {
  const known = listedBytes.get(descriptor) ?? Buffer.byteLength(JSON.stringify(descriptor)) + 1;
  listedBytes.set(descriptor, known);
  return withheldBytes === 0 ? known : known + withheldMember.length + withheldBytes;
}

/** Files that may be read for one list: the annotations of each may stand in a manifest of megabytes. */
const maxReadBytes = 64 * 1024 * 1024;

/** How much a list of referrers is, told from sizes before anything is read or encoded. */
export class ReferrersBound {
  readonly #maxBytes: number;
  #bytes = 0;
  #readBytes = 0;

  /** `maxBytes` of JSON. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False when the list is too much with this one. */
  admits(referrer: Referrer): boolean {
    this.#bytes += bytesOfReferrer(referrer);
    if (referrer.withheldBytes > 0) this.#readBytes += referrer.descriptor.size;
    return this.#bytes <= this.#maxBytes && this.#readBytes <= maxReadBytes;
  }
}

/** The JSON array of them, with all their annotations. Those that are withheld are read for it, so callers bound the list first. */
export async function referrersJson(referrers: readonly Referrer[], reader: ManifestReader): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const pace = new Pace();
  for (let at = 0; at < referrers.length; ) {
    const end = endOfRun(referrers, at);
    pieces.push(Buffer.from(at === 0 ? '[' : ','));
    pieces.push(...(end > at ? [encoded(referrers.slice(at, end))] : await withAnnotations(referrers[at], reader)));
    at = Math.max(end, at + 1);
    await pace.step();
  }
  return Buffer.concat(pieces.length === 0 ? [Buffer.from('[]')] : [...pieces, Buffer.from(']')]);
}

/** Where those end, from `start` on, that are known whole. */
function endOfRun(referrers: readonly Referrer[], start: number): number {
  let end = start;
  while (end < start + maxRun && referrers[end]?.withheldBytes === 0) end += 1;
  return end;
}

function encoded(run: readonly Referrer[]): Buffer {
  return Buffer.from(JSON.stringify(run.map(({ descriptor }) => descriptor)).slice(1, -1));
}

async function withAnnotations(referrer: Referrer | undefined, reader: ManifestReader): Promise<readonly Buffer[]> {
  if (referrer === undefined) return [];
  const { descriptor, withheldBytes } = referrer;
  const annotations = await reader.withheldOf(referrer);
  // Its file was just deleted, or damaged.
  if (annotations === undefined) {
    return [
      encoded([{ descriptor: { ...descriptor, annotations: omittedAnnotations(withheldBytes) }, withheldBytes: 0 }]),
    ];
  }
  const withoutEnd = JSON.stringify(descriptor).slice(0, -1);
  return [Buffer.from(withoutEnd + withheldMember), annotations, Buffer.from('}')];
}

/**
 * A larger one is not written, in a layout of ours or an exported one: a thousand attaches would leave hundreds of megabytes, and no
 * client need take it (distribution-spec, Pushing Manifests). The API itself pages.
 */
export const maxResponseBytes = portableManifestBytes;

/** The response that regclient and olareg look for, as a file of the layout. */
export interface Response {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Exactly what the referrers API answers, with no annotation of its own unless one is given: olareg's check accepts it as it is. */
export function responseAround(manifests: Uint8Array, annotations?: Annotations): Response {
  const { imageIndex } = mediaTypes;
  const bytes = Buffer.concat([
    Buffer.from(`{"schemaVersion":2,"mediaType":"${imageIndex}","manifests":`),
    manifests,
    Buffer.from(annotations === undefined ? '}' : `,"annotations":${JSON.stringify(annotations)}}`),
  ]);
  return { descriptor: { mediaType: imageIndex, digest: digestOf(bytes), size: bytes.byteLength }, bytes };
}
